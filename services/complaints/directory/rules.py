"""How a hall's name in somebody else's file is compared with the registered one."""

import re
import unicodedata

_PREFIX = re.compile(r"^(中国移动|移动|内江移动|内江)")
_BLANKS = re.compile(r"[\s·・—_()（）-]+")


def name_key(name: str) -> str:
    """The name without blanks, brackets, width differences and the operator's own name in front."""
    folded = _BLANKS.sub("", unicodedata.normalize("NFKC", name))
    bare = _PREFIX.sub("", folded)
    return bare or folded
