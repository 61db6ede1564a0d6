"""Renew the baselines: `make baselines`. Says what changed; a change belongs in CHANGELOG.md."""

import json

from numbers_of_runs import BASELINES, differences


def main() -> None:
    for file, numbers in BASELINES.items():
        new = numbers()
        old = json.loads(file.read_text()) if file.is_file() else {}
        changed = differences(old, new)
        for line in changed[:40]:
            print(line)
        print(f"{file.name}: {len(changed)} numbers changed")
        file.write_text(json.dumps(new, indent=1) + "\n")
        if changed and old:
            print("Add an entry with the label **[numbers]** to CHANGELOG.md: which, by how much.")


if __name__ == "__main__":
    main()
