"""The process in which a notebook of the runner executes: an IPython kernel that starts quickly."""

from integrhealth.runner.startup import spare_grammar

if __name__ == "__main__":
    spare_grammar()

    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
