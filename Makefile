# integrhealth: `make report` and `make test` set up all they need in .venv.
PYTHON ?= python3
LOGS ?= sample:a
OUT ?= integrhealth-report
NOTEBOOKS ?= integrhealth-notebooks
BIN := .venv/bin

# Where it is set, each of the many kernels of the tests and of a report would compile the whole package again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help report test lab lint refresh docs samples picture benchmarks clean

help:  ## list what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

report: .venv/ready  ## read LOGS (default: the sample company) and write the reports to OUT
	@$(BIN)/integrhealth report "$(LOGS)" --out "$(OUT)"

test: .venv/ready lint  ## lint, unit tests, and every notebook against its committed outputs
	$(BIN)/python -m pytest -p no:nbval -n 2 --dist loadfile --no-loadscope-reorder tests
	$(BIN)/python -m pytest -n 2 --dist loadscope --nbval-lax --nbval-current-env notebooks

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lab: .venv/ready  ## copy the notebooks to NOTEBOOKS, fill in LOGS, open JupyterLab there
	@$(BIN)/integrhealth lab "$(LOGS)" --dir "$(NOTEBOOKS)"

refresh: .venv/ready  ## run the notebooks in place, so that their outputs are those of today's code
	$(BIN)/python -m integrhealth.runner.refresh

docs: .venv/ready  ## write docs/formats.md from the list of formats, and docs/api.md from the docstrings
	$(BIN)/python docs/formats_page.py
	$(BIN)/python docs/api_page.py

samples: .venv/ready  ## regenerate the committed sample logs
	$(BIN)/integrhealth sample sample_logs/company_a --company a
	$(BIN)/integrhealth sample sample_logs/company_b --company b

picture: .venv/ready  ## take the picture of the report that the README shows (needs chromium)
	$(BIN)/python docs/picture.py

benchmarks: .venv/ready  ## run the benchmarks; the results go to benchmarks/README.md by hand
	$(BIN)/pip install --quiet --editable ".[benchmarks]"
	for script in parse_jsonl parse_text_lines parse_otlp parse_xes parse_prometheus parse_openlineage full_report error_propagation latency dependency_fragility report_overload reconciliation root_cause_speed; do $(BIN)/python benchmarks/$$script.py || exit 1; done

clean:  ## remove the environment and the report
	rm -rf .venv integrhealth-report

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "integrhealth needs Python 3.11 or newer; call make with PYTHON=/path/to/python3.11")'
	@echo "Setting up .venv (once; about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[test]"
	@touch .venv/ready
