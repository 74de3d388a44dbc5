"""Invented people, the same ones every time, as CSV: 12 columns, 200 mail domains that nobody can own."""

COLUMNS = (
    "email", "first_name", "last_name", "city", "state", "zip", "birth_date", "first_time", "visits", "amount",
    "issue", "phone",
)
SITES = 200

FIRST = ["Ann", "Ben", "Zoë", "José", "Li", "Maya", "Omar", "Pia", "Quinn", "Rosa"]
LAST = ["Lee", "Smith", "García", "Müller", "Nguyen", "O'Brien", "Khan", "Rossi", "Novák", "Silva", "Jones"]
CITIES = ["Des Moines", "Ames", "Iowa City", "Cedar Rapids", "Davenport", '"Waterloo, IA"', "Council Bluffs"]
STATES = ["IA", "NH", "NV", "SC", "MI"]
ISSUES = ["jobs", "care", "schools", "climate"]
# Odd, so that the order of addresses is not the order of rows, and different rows stay different.
STEP = 2_654_435_761


def row(number):
    """The person of that number as a line of CSV."""
    mixed = (number * STEP + 12_345) & 0xFFFF_FFFF
    a, b, c = mixed >> 7, mixed >> 13, mixed >> 19
    return (
        f"{FIRST[a % 10][0].lower()}{mixed:08x}@site{number % SITES:03}.example,{FIRST[a % 10]},{LAST[b % 11]},"
        f"{CITIES[c % 7]},{STATES[b % 5]},{50_000 + a % 3_000},{1940 + b % 65}-{1 + a % 12:02}-{1 + c % 28:02},"
        f"{'true' if c & 1 else 'false'},{a % 50},{(b % 10_000) / 100:.2f},{ISSUES[a & 3]},+1515{mixed % 10_000_000:07}\n"
    )


def write(path, first, count, marker=""):
    """Writes people `first ..< first + count`; `marker` makes other addresses of the same people."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        for start in range(first, first + count, 10_000):
            text = "".join(row(number) for number in range(start, min(start + 10_000, first + count)))
            file.write(text.replace("@", marker + "@") if marker else text)


# 25 slots in each part, about 1 KB of text.
TEXT = """Dear {{first_name}} {{last_name}},

thank you for being one of {{visits}} people from {{city}} who came by this year. You told us that {{issue}} is what matters
most to you, and we listened: on {{issue}} we have a plan for {{city}}, for the whole state, and for families like yours.

Since {{birth_date}} a lot has changed in {{state}}. {{first_name}}, you have seen it from {{zip}} {{city}}. Wages went up by
{{amount}} dollars, and every neighbour of yours should feel it. What would you do about {{issue}} first?

Here is how you can help us, {{first_name}}:
 - call us back at {{phone}} or tell us whether this number is still yours,
 - give {{amount}} again, as {{visits}} others in {{city}}, {{state}} did,
 - bring two friends; {{last_name}} is a name people in {{zip}} know.

We write to {{email}} because you asked us to. Thank you, {{first_name}}, and see you in {{city}} soon. Every voice
counts, and yours has been heard from the very first day of this campaign.

Ann Lee
"""


def html(text):
    """The same words with the marks of a simple page."""
    paragraphs = "".join(f"<p>{part}</p>\n" for part in text.strip().split("\n\n"))
    return f"<!DOCTYPE html>\n<html><body>\n{paragraphs}</body></html>\n"


def variants():
    """Two variants of the message, as a campaign file has them."""
    return [
        {
            "name": "work",
            "when": "issue = 'jobs' or issue = 'care'",
            "subject": "{{first_name}}, good work in {{city}}",
            "text": TEXT,
            "html": html(TEXT),
        },
        {
            "name": "rest",
            "subject": "{{first_name}}, your voice for {{city}}",
            "text": TEXT.replace("Every voice", "Each voice"),
            "html": html(TEXT.replace("Every voice", "Each voice")),
        },
    ]
