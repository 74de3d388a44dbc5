import Webhooks

/// Laws of the forms that providers post.
enum FormLaws {
    static func check(_ bytes: [UInt8]) throws {
        guard let form = try? FormBody(bytes) else { return }
        try law(form.pairs.count <= FormBody.pairsMax, "no more names than the limit")
        let length = form.pairs.reduce(0) { $0 + $1.name.count + $1.value.count }
        try law(length <= bytes.count, "decoding makes nothing longer")
        // What is signed is the same in whatever order, and however often, the same things are said.
        if form.pairs.count <= FormBody.pairsMax / 2 {
            let parts = bytes.split(separator: 38)
            let twice = Array((parts.reversed() + parts).joined(separator: [38]))
            if twice.count <= FormBody.bytesMax {
                try law(try FormBody(twice).joined == form.joined, "order and copies make no difference")
            }
        }
        for event in TwilioMessage.read(form) {
            try law(event.isTelephone && !event.id.isEmpty, "an event is of a number, and has a name")
            try law(event.detail.utf8.allSatisfy { (32...126).contains($0) }, "nothing a stranger wrote is kept")
        }
    }
}
