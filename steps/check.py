"""Check params.yaml against the recipes, and write nothing: `python -m steps.check`."""

from project import params
from steps.command import run
from steps.plan import check

if __name__ == "__main__":
    run(lambda root, _: check(params.read(root / "params.yaml")), verb="plan")
