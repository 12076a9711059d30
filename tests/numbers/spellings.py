"""Valid phone numbers of every region, each as people write it, by Google's own library.

usage: spellings.py SEED NUMBERS PART OF
Prints a line for each spelling: its kind, the country whose rules read it, the number as E.164 and
the extension as they are, both again as Google's library reads them out of the text, and the text;
parted by tabs. Equal seeds give equal lines.
"""

import random
import re
import sys

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat

try:
    from re import _parser as regex  # from Python 3.11 on
except ImportError:
    import sre_parse as regex

TYPES = "fixed_line mobile toll_free premium_rate shared_cost personal_number voip pager uan".split()
SCRIPTS = ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９"]
MARKS = ["\u200e", "\u200f", "\u202a", "\u202b", "\u202d", "\u202c", "\u2066", "\u2067", "\u2068", "\u2069"]
SPACES = [" ", "\u00a0", "\u2009", "\u202f"]
DASHES = ["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2212"]
EXTENSIONS = [
    " ext. {}", " ext {}", "ext{}", " x{}", " x {}", " X{}", " #{}", ";ext={}", " extn {}",
    " extension {}", " Ext: {}", " доб. {}", " доб {}", ", доб. {}", ",ext {}", " int {}", " anexo {}",
]


def written(pattern, chance):
    """A text that matches a pattern of digits."""
    return "".join(parts(regex.parse(pattern), chance))


def parts(tree, chance):
    for kind, what in tree:
        name = str(kind)
        if name == "LITERAL":
            yield chr(what)
        elif name == "IN":
            yield one_of(what, chance)
        elif name == "MAX_REPEAT":
            least, most, inner = what
            for _ in range(chance.randint(least, min(int(most), least + 12))):
                yield from parts(inner, chance)
        elif name == "SUBPATTERN":
            yield from parts(what[-1], chance)
        elif name == "BRANCH":
            yield from parts(chance.choice(what[1]), chance)
        else:
            raise ValueError(f"{name} in a pattern")


def one_of(choices, chance):
    digits = []
    for kind, what in choices:
        if str(kind) == "LITERAL":
            digits.append(chr(what))
        elif str(kind) == "RANGE":
            digits += [chr(code) for code in range(what[0], what[1] + 1)]
        else:
            digits += list("0123456789")
    return chance.choice(digits)


def number_of(region, metadata, chance):
    """A valid number of the region; none where chance makes none."""
    descriptions = [getattr(metadata, name) for name in TYPES]
    patterns = [d.national_number_pattern for d in descriptions if d and d.national_number_pattern]
    national = written(chance.choice(patterns), chance)
    try:
        number = phonenumbers.parse(f"+{metadata.country_code}{national}")
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number_for_region(number, region) else None


def other_digits(text, chance):
    script = chance.choice(SCRIPTS)
    text = "".join(script[int(c)] if c in "0123456789" else c for c in text)
    return chance.choice(MARKS) + text + chance.choice(MARKS)


def other_separators(text, chance):
    space, dash = chance.choice([*SPACES, ".", "/"]), chance.choice(DASHES)
    return "".join(space if c == " " else dash if c == "-" else c for c in text)


def with_trunk_zero(number, international, metadata):
    """+44 (0)20 7946 0958, where the country has a 0 to dial before its area codes."""
    code = f"+{number.country_code}"
    if metadata.national_prefix != "0" or number.italian_leading_zero:
        return None
    return f"{code} (0){international[len(code):].lstrip()}"


def with_brackets(international):
    head = re.match(r"(\+\d+[ -])(\d+)(.*)", international)
    return f"{head[1]}({head[2]}){head[3]}" if head else international


def spellings(number, region, metadata, regions, chance):
    """Kind, country, extension and text, ten of them."""
    code, national_digits = number.country_code, phonenumbers.national_significant_number(number)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    abroad = chance.choice(regions)
    extension = str(chance.randint(1, 9999))
    base = chance.choice([international, national])
    yield "e164", abroad, "", f"+{code}{national_digits}"
    yield "separators", abroad, "", other_separators(international, chance)
    yield "national", region, "", national
    yield "dialled", region, "", re.sub(r"\D", "", national)
    # From Russia, say, people write 8~10: the tilde is a tone that is waited for.
    out = phonenumbers.format_out_of_country_calling_number(number, abroad)
    yield "from abroad", abroad, "", out
    yield "00", region, "", f"00{chance.choice(['', ' '])}{code} {national_digits}"
    rfc3966 = phonenumbers.format_number(number, PhoneNumberFormat.RFC3966)
    yield "tel", abroad, "", rfc3966 + chance.choice(["", ";phone-context=example.com", ";isub=1234", ";npdi"])
    yield "extension", region, extension, base + chance.choice(EXTENSIONS).format(extension)
    yield "digits", region, "", other_digits(chance.choice([international, national]), chance)
    zero = with_trunk_zero(number, international, metadata)
    yield ("(0)" if zero else "brackets"), abroad, "", zero or with_brackets(international)


def read(text, country):
    """What Google's library reads."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return "", ""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164), number.extension or ""


def main(seed, count, part, of):
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    metadata = {region: PhoneMetadata.metadata_for_region(region) for region in regions}
    share = -(-count // len(regions))
    out = sys.stdout
    out.reconfigure(encoding="utf-8")
    made = 0
    for place, region in enumerate(regions):
        if place % of != part:
            continue
        chance = random.Random(f"{seed} {region}")
        left, tries = share, share * 20
        while left and tries:
            tries -= 1
            number = number_of(region, metadata[region], chance)
            if number is None:
                continue
            left -= 1
            made += 1
            e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            for kind, country, extension, text in spellings(
                number, region, metadata[region], regions, chance
            ):
                theirs = "\t".join(read(text, country))
                out.write(f"{kind}\t{country}\t{e164}\t{extension}\t{theirs}\t{text}\n")
    print(f"{made} numbers", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
