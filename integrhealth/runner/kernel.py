"""The process in which a notebook of the runner executes: an IPython kernel that starts quickly."""

import os

from integrhealth.runner.orphans import PARENT, end_with_parent
from integrhealth.runner.startup import spare_grammar

if __name__ == "__main__":
    end_with_parent(int(os.environ[PARENT]))
    spare_grammar()

    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
