"""Renew the baselines: `make baselines`. Says what changed; a change belongs in CHANGELOG.md."""

import json

from numbers_of_runs import FILE, differences, numbers_of_a_run


def main() -> None:
    new = numbers_of_a_run()
    old = json.loads(FILE.read_text()) if FILE.is_file() else {}
    changed = differences(old, new)
    for line in changed[:40]:
        print(line)
    print(f"{len(changed)} numbers changed")
    FILE.write_text(json.dumps(new, indent=1) + "\n")
    if changed and old:
        print("Add an entry with the label **[numbers]** to CHANGELOG.md: which, and by how much.")


if __name__ == "__main__":
    main()
