/// A message with its fields set: `filled(WireCredit()) { $0.targets = 5 }`, for modules that do not import the library behind it.
package func filled<Message>(_ message: Message, _ fill: (inout Message) -> Void) -> Message {
    var message = message
    fill(&message)
    return message
}
