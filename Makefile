# The verbs. `make run` and `make test` do all the set-up that they need.
#   make run LAN=1 [LAN_ADDRESS=192.168.1.20]   HTTPS on this machine's own address, for a real phone
#   make test ARGS="tests/storage -k vault"      some of the tests
PYTHON ?= python3
SETUP = $(PYTHON) -m setup
RASA = RASA_TELEMETRY_ENABLED=false TF_CPP_MIN_LOG_LEVEL=2 .venv-rasa/bin/rasa
LAN_FLAGS = $(if $(filter-out 0,$(LAN)),--lan) $(if $(LAN_ADDRESS),--lan-address $(LAN_ADDRESS))

.PHONY: run test setup check stories train-bot migrate bench soak crisis-report locks python

run: setup
	@exec .venv/bin/xinqiao up $(LAN_FLAGS)

test: setup
	@command -v "$${CHROMIUM:-chromium}" >/dev/null 2>&1 || \
	  echo "! 缺少 Chromium，浏览器里的测试会失败：apt install chromium fonts-noto-cjk，或用 CHROMIUM=/路径/chromium 指定"
	@exec .venv/bin/python -m tests $(ARGS)

setup: python
	@$(SETUP)

check: python
	@$(SETUP) project node openapi
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	@for page in kiosk console; do \
	  if [ -f $$page/package.json ]; then npm run check --workspace $$page || exit 1; fi; done

stories: python
	@$(SETUP) dialogue
	$(RASA) test core --stories tests/stories --model models/dialogue --out .run/stories --fail-on-prediction-errors

train-bot: python
	@$(SETUP) dialogue

migrate: python
	@$(SETUP) project
	.venv/bin/xinqiao migrate

bench: setup
	.venv/bin/python -m tests.bench $(ARGS)

soak: setup
	.venv/bin/python -m tests.soak $(ARGS)

# How often the crisis reader is right: ARGS="--families", ARGS="--data rows.jsonl --show misses", ARGS="--card"
crisis-report: setup
	@.venv/bin/python -m models.crisis_report $(ARGS)

# New locks from requirements/*.in and the package.json files: without any index address, with hashes.
locks: python
	@$(SETUP) uv
	@$(PYTHON) -m setup.locks

python:
	@command -v $(PYTHON) >/dev/null 2>&1 || \
	  { echo "✗ 缺少 python3（3.9 或更新）：apt install python3 python3-pip，或用 make PYTHON=/路径/python3 指定一个"; exit 1; }
