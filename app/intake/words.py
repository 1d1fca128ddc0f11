"""The singular word for a kind of thing: "Floor Lamps" -> "floor lamp"."""

import re

_IRREGULAR = {
    "cacti": "cactus",
    "chaises": "chaise",
    "children": "child",
    "dice": "die",
    "feet": "foot",
    "geese": "goose",
    "knives": "knife",
    "leaves": "leaf",
    "loaves": "loaf",
    "men": "man",
    "mice": "mouse",
    "people": "person",
    "scarves": "scarf",
    "shelves": "shelf",
    "teeth": "tooth",
    "women": "woman",
}
_NO_SINGULAR_WORDS = (
    "atlas bellows binoculars canvas chassis clothes dungarees earphones eyeglasses glasses goggles headphones jeans"
    " lens leggings overalls pajamas pants pliers pyjamas scissors series shears shorts species sunglasses"
    " tights tongs trousers tweezers"
)
_NO_SINGULAR = frozenset(_NO_SINGULAR_WORDS.split())
_IE = {
    "beanies",
    "bowties",
    "brownies",
    "cookies",
    "hoodies",
    "movies",
    "neckties",
    "onesies",
    "pies",
    "selfies",
    "ties",
}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def _singular_word(word: str) -> str:
    for plural, singular in _IRREGULAR.items():
        # "bookshelves" ends in an irregular word; "men" is too short a tail to trust ("specimen").
        if word == plural or (len(plural) > 4 and word.endswith(plural)):
            return word.removesuffix(plural) + singular
    if word in _NO_SINGULAR or len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is", "'s", "’s")):
        return word
    if word.endswith("ies"):
        return word[:-1] if word in _IE else word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zzes", "oes")) and not word.endswith(("caches", "shoes", "toes")):
        return word[:-2]
    return word[:-1]


def singular(phrase: str) -> str:
    """The phrase in lower case with its last word in the singular, and both sides of an "and" or a comma.

    English only, and careful: a word that is not clearly a plural stays as it is.
    """
    parts = re.split(r"(\s*(?:&|,|/|\band\b|\bor\b)\s*)", " ".join(phrase.lower().split()))
    return "".join(part if index % 2 else _last_word_singular(part) for index, part in enumerate(parts))


def _last_word_singular(phrase: str) -> str:
    last = next(reversed(list(_WORD.finditer(phrase))), None)
    # What follows the last word (a number, a bracket) means it is a name, not a plain plural.
    if last is None or last.end() != len(phrase):
        return phrase
    return phrase[: last.start()] + _singular_word(last.group())
