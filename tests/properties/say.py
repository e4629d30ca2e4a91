"""Say what every defect's cluster is told, in one digest: `python -m tests.properties.say`."""

from __future__ import annotations

import hashlib
import json
import sys

from tests.defects import same_names
from tests.test_defects import DEFECTS


def main() -> None:
    digest = hashlib.sha256()
    for defect in DEFECTS:
        with same_names():
            said = defect.shop().report(defect.to, **defect.asked).to_json()
        digest.update(json.dumps(said, sort_keys=True).encode())
    sys.stdout.write(digest.hexdigest())


if __name__ == "__main__":
    main()
