# The front door: every target installs what is missing, then does what it says.
.PHONY: bench-console soak console screenshots soak-console run tidy test test-usb test-quick build package reference deps deps-test deps-usb clean

# The daemon with its built-in demo devices; open http://localhost:3000/. Options: make run ARGS="--demo --port 3001"
ARGS ?= --demo
ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)
run: build
	build/release/bin/peripheral-manager $(ROOT) $(ARGS)

# The fault run in its long form: an hour with pseudo terminals and as long on a real USB stack, with another seed each
# time. make soak SECONDS=600 SEED=7
SECONDS ?= 3600
SEED ?= $(shell date +%s)
soak: deps-test deps-usb build
	tools/npm-install tests/clients
	PERIPHERAL_MANAGER=build/release/bin/peripheral-manager tests/soak/soak.py --seconds $(SECONDS) --seed $(SEED)
	cd tests/usb-rig && PERIPHERAL_MANAGER=$(CURDIR)/build/release/bin/peripheral-manager PYTHONPATH=../daemon \
		PM_FAULT_SECONDS=$(SECONDS) PM_FAULT_SEED=$(SEED) /usr/bin/python3 -m unittest test_faults

# 3 Mbaud into the console for a minute: nothing lost in its log, and how long its frames took.
soak-console: deps-test build
	tools/npm-install tests/browser
	PERIPHERAL_MANAGER=$(CURDIR)/build/release/bin/peripheral-manager node tests/browser/flood.mjs 60

# How soon the console shows something, and how its frames go while it plots 10,000 points a second.
bench-console: deps-test build
	tools/npm-install tests/browser
	PERIPHERAL_MANAGER=$(CURDIR)/build/release/bin/peripheral-manager node bench/first-paint.mjs
	PERIPHERAL_MANAGER=$(CURDIR)/build/release/bin/peripheral-manager node tests/browser/flood.mjs 20 80000 Plotter

# The pictures in docs/img. Look at them.
screenshots: deps-test build
	tools/npm-install tests/browser
	PERIPHERAL_MANAGER=$(CURDIR)/build/release/bin/peripheral-manager node tests/browser/screenshots.mjs docs/img

# Everything CI runs: the release programs, the tests with gcc, with clang and the sanitizers, and on a real USB stack.
test: deps-test deps-usb build
	tools/run-tests dev asan release

# Devices on a real USB stack, in a virtual machine; needs neither KVM nor root, but 300 MB of cache for its kernel.
test-usb: deps-usb
	tools/run-tests release

# The daily loop: the tests with gcc, without those that take long.
test-quick: deps-test
	tools/run-tests --quick dev

# clang-tidy with its static analyzer, which takes minutes; `make test` runs it without.
tidy: deps-test
	@cmake --preset asan >/dev/null
	tools/tidy build/asan --deep

# The release programs, in build/release/bin/.
build: deps
	@cmake --preset release >/dev/null
	cmake --build --preset release

# A Debian package of the release programs, in build/package/.
package: build
	tools/install-deps --package
	cd build/release && cpack -G DEB -B ../package

# console/dist from console/src; the result is committed.
console:
	tools/npm-install console
	node console/build.mjs

# What docs/api.md, the manual and README.md say, from the tables of the code.
reference:
	@cmake --preset dev >/dev/null
	cmake --build --preset dev --target pm-reference
	tools/update-reference build/dev/bin/pm-reference

deps:
	tools/install-deps

deps-test:
	tools/install-deps --test

deps-usb:
	tools/install-deps --usb

clean:
	rm -rf build
