# The front door: every target installs what is missing, then does what it says.
.PHONY: test test-quick build deps deps-test clean

# Everything CI runs: gcc, then clang with the sanitizers.
test: deps-test
	tools/run-tests dev asan

# The daily loop.
test-quick: deps-test
	tools/run-tests dev

# The release programs, in build/release/bin/.
build: deps
	cmake --preset release
	cmake --build --preset release

deps:
	tools/install-deps

deps-test:
	tools/install-deps --test

clean:
	rm -rf build
