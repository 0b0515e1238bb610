# Thin on purpose: each target is a line or two.

CARGO ?= cargo
TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)
RUN_PACKAGES = make g++ libbearssl-dev ca-certificates
TEST_PACKAGES = $(RUN_PACKAGES) doctest-dev valgrind clang-format mosquitto mosquitto-clients openssl chromium iproute2 avahi-daemon avahi-utils dbus python3-venv
PACKAGE_PACKAGES = lintian systemd
CONTAINER_PACKAGES = mmdebstrap systemd-container procps
PI_PACKAGES = mmdebstrap systemd-container qemu-system-arm e2fsprogs kmod cpio
LX106_PACKAGES = gcc-xtensa-lx106 picolibc-xtensa-lx106-elf qemu-system-misc
# For whom the package is: make deb ARCH=arm64 is for a Raspberry Pi with a 64-bit system.
MACHINE := $(shell dpkg --print-architecture 2>/dev/null)
ARCH = $(MACHINE)
SEEDS ?= 20000
CARGO_DENY = 0.20.2
CARGO_FUZZ = 0.13.2
CARGO_DEB = 3.8.0
# To optimise what runs for moments takes longer than those.
CARGO_INSTALL = CARGO_PROFILE_DEV_DEBUG=false $(CARGO) install --locked --quiet --debug
# What the optimised program may have at most, without its symbols; the goal is 16 MB. For a Pi it is smaller.
PROGRAM_BYTES = $(if $(filter arm64,$(ARCH)),21200000,23700000)
# The goal for the package.
PACKAGE_BYTES = 15728640
# A Debian that the package is installed in, made when there is none. What is built on Debian 12 is for 13 too.
SUITE ?= bookworm
GATEHOUSE_ROOT ?= $(TARGET_DIR)/package-root-$(SUITE)-$(ARCH)
# What an emulated Pi has on its card; made when there is none.
PI_ROOT ?= $(TARGET_DIR)/package-root-pi
# How often it boots to be measured.
PI_BOOTS ?= 3
# For each of the targets.
FUZZ_SECONDS ?= 300

ifeq ($(ARCH),$(MACHINE))
BUILT = $(TARGET_DIR)/release
BOARD = firmware/build/gatehouse-board
else ifeq ($(ARCH),arm64)
# Debian's own Rust, whose standard library comes for other machines too.
TRIPLE = aarch64-unknown-linux-gnu
CROSS_PACKAGES = rustc-web cargo-web libstd-rust-web-dev:arm64 libc6:arm64 gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static
EMULATION_PACKAGES = libbearssl-dev:arm64 arch-test
CROSS_CARGO = env PATH=/usr/bin:$$PATH CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc \
	CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++ AR_aarch64_unknown_linux_gnu=aarch64-linux-gnu-ar cargo
# Not with a prefix for its libraries: two C libraries in one process stand still for ever.
EMULATE = qemu-aarch64-static
BUILT = $(TARGET_DIR)/$(TRIPLE)/release
BOARD = firmware/build/arm64/gatehouse-board
# What runs programs of that machine here, and a board that is one.
define EMULATED
tests/support/debian-packages $(EMULATION_PACKAGES)
tests/support/emulated aarch64
$(MAKE) --silent --directory firmware --jobs=$$(nproc) board OUT=build/arm64 CXX=aarch64-linux-gnu-g++
endef
else
$(error there is no package for $(ARCH): ARCH=arm64, or leave it out)
endif

PACKAGE = $(TARGET_DIR)/debian/gatehouse_*_$(or $(ARCH),*).deb

.PHONY: run test check lx106 program package package-test package-installed pi-test pi-booted deb boards dashboard test-esptool test-servers bench simulate fuzz fuzz-shortly cuts misbehave schema format lint test-rust test-e2e test-outside test-firmware test-dashboard test-browser deny clean

run: ## a gateway with three virtual boards, until Ctrl-C
	tests/support/debian-packages $(RUN_PACKAGES)
	$(MAKE) --silent dashboard/dist/index.html boards
	$(CARGO) build --quiet --package gatehouse
	@exec env GATEHOUSE=$(TARGET_DIR)/debug/gatehouse BOARD=firmware/build/gatehouse-board tests/support/run

boards: ## the virtual board: firmware/build/gatehouse-board
	$(MAKE) --silent --directory firmware --jobs=$$(nproc) board

dashboard: dashboard/dist/index.html
dashboard/node_modules/.package-lock.json: dashboard/package-lock.json
	cd dashboard && npm ci --no-audit --no-fund --loglevel=error
dashboard/dist/index.html: dashboard/node_modules/.package-lock.json gateway/schema.graphql $(shell find dashboard/src dashboard/index.html dashboard/*.ts -type f 2>/dev/null)
	cd dashboard && npm run --silent build
	@touch $@

test-esptool: tests/esptool/venv/installed
tests/esptool/venv/installed: tests/esptool/requirements.txt
	tests/support/debian-packages $(TEST_PACKAGES)
	python3 -m venv tests/esptool/venv
	tests/esptool/venv/bin/pip install --quiet --disable-pip-version-check --requirement tests/esptool/requirements.txt
	@touch $@

test-servers: tests/node/node_modules/.package-lock.json
tests/node/node_modules/.package-lock.json: tests/node/package-lock.json
	cd tests/node && npm ci --no-audit --no-fund --loglevel=error

# What has a + in it goes side by side: one of it computes, while the other waits for boards, pages and a booted Debian.
CHECK = format lint deny test-firmware test-dashboard test-rust program+test-outside fuzz-shortly+package-test

check: ## what continuous integration runs, and how long each part of it took
	@for part in $(CHECK); do before=$$(date +%s); $(MAKE) --jobs=$$(echo $$part | tr + '\n' | wc --lines) --output-sync=target $$(echo $$part | tr + ' ') || exit; \
		took="$$took$$part: $$(($$(date +%s) - before)) s\n"; done; printf "$$took"

format:
	tests/support/debian-packages $(TEST_PACKAGES)
	$(CARGO) fmt --all --check
	$(MAKE) --silent --directory firmware format-check

lint: dashboard/dist/index.html
	$(CARGO) clippy --workspace --all-targets --quiet -- --deny warnings
	cd dashboard && npm run --silent check

deny:
	$(CARGO) deny --version 2>/dev/null | grep -qF $(CARGO_DENY) || $(CARGO_INSTALL) cargo-deny@$(CARGO_DENY)
	$(CARGO) deny --log-level error check bans licenses sources

test: test-firmware test-dashboard test-rust test-e2e test-browser ## every test

test-rust: dashboard/dist/index.html
	tests/support/debian-packages $(TEST_PACKAGES)
	$(CARGO) test --workspace --exclude gatehouse-e2e --all-targets --quiet
	$(CARGO) test --workspace --doc --quiet

test-e2e: boards dashboard/dist/index.html tests/node/node_modules/.package-lock.json tests/esptool/venv/installed
	tests/support/debian-packages $(TEST_PACKAGES)
	$(CARGO) build --quiet --package gatehouse
	$(CARGO) test --workspace --test e2e --quiet -- --test-threads=$$((2 * $$(nproc)))

# One after the other, for they go by deadlines.
test-outside:
	$(MAKE) --jobs=1 test-e2e test-browser lx106

# A Pi keeps it in memory and on a card, so its size is a figure to keep an eye on, and what nobody builds breaks unseen.
program: dashboard/dist/index.html ## the optimised program, and that it has not grown
ifdef TRIPLE
	dpkg --print-foreign-architectures | grep -qx $(ARCH) || $(if $(filter-out 0,$(shell id -u)),sudo) dpkg --add-architecture $(ARCH)
	tests/support/debian-packages $(CROSS_PACKAGES)
	$(CROSS_CARGO) build --release --quiet --locked --target $(TRIPLE) --package gatehouse
else
	$(CARGO) build --release --quiet --package gatehouse
endif
	@size=$$(stat --format=%s $(BUILT)/gatehouse); echo "the program has $$size bytes"; test $$size -le $(PROGRAM_BYTES) || \
		{ echo "that is more than the $(PROGRAM_BYTES) it may have: find what brought them, or raise PROGRAM_BYTES and say why" >&2; exit 1; }

deb: program ## the Debian package for this machine, target/debian/gatehouse_*.deb, or for a Pi: make deb ARCH=arm64
	$(CARGO) deb --version 2>/dev/null | grep -qF $(CARGO_DEB) || $(CARGO_INSTALL) cargo-deb@$(CARGO_DEB)
	rm -rf $(TARGET_DIR)/package $(PACKAGE) && $(EMULATE) $(BUILT)/gatehouse manual $(TARGET_DIR)/package
	$(CARGO) deb --quiet --package gatehouse $(if $(TRIPLE),--target $(TRIPLE)) --no-build --no-strip

package: deb ## the same, looked at by lintian, and its unit by systemd
	tests/support/debian-packages $(PACKAGE_PACKAGES)
	lintian --allow-root --fail-on error,warning $(PACKAGE)
	@systemd-analyze security --offline=yes --no-pager --threshold=20 systemd/gatehouse.service > $(TARGET_DIR)/package/exposure || { cat $(TARGET_DIR)/package/exposure; exit 1; }; tail -1 $(TARGET_DIR)/package/exposure
	@size=$$(stat --format=%s $(PACKAGE)); echo "the package has $$size bytes"; test $$size -le $(PACKAGE_BYTES) || \
		{ echo "that is more than the $(PACKAGE_BYTES) it may have" >&2; exit 1; }

package-test: package boards ## the package, installed in a booted Debian without a network, and upgraded; as root, for containers need that (SUITE=trixie for Debian 13)
	@if [ "$$(id -u)" -ne 0 ]; then echo "package-test: left out, for it needs root (sudo make package-test)"; \
	elif ! unshare --mount --pid --net --uts --ipc --cgroup --fork true; then echo "package-test: left out, for this machine lets nobody have a container"; \
	else $(MAKE) --silent package-installed; fi

package-installed:
	tests/support/debian-packages $(CONTAINER_PACKAGES)
ifdef TRIPLE
	$(EMULATED)
endif
	tests/package/root $(GATEHOUSE_ROOT) $(ARCH) $(SUITE)
	tests/package/run $(GATEHOUSE_ROOT) $(PACKAGE) $(BOARD)

pi-test: ## the arm64 package on an emulated Raspberry Pi 3B that boots: relays at its header, and how long it takes beside mosquitto; as root
	@if [ "$$(id -u)" -ne 0 ]; then echo "pi-test: left out, for it needs root (sudo make pi-test)"; \
	else $(MAKE) --silent deb pi-booted ARCH=arm64; fi

pi-booted:
	tests/support/debian-packages $(PI_PACKAGES)
ifdef TRIPLE
	$(EMULATED)
else
	$(MAKE) --silent boards
endif
	tests/package/root $(GATEHOUSE_ROOT) $(ARCH) $(SUITE)
	tests/package/pi_root $(PI_ROOT) $(GATEHOUSE_ROOT)
	tests/package/pi $(PI_ROOT) $(PACKAGE) $(BOARD) $(PI_BOOTS)

test-firmware:
	tests/support/debian-packages $(TEST_PACKAGES)
	$(MAKE) --silent --directory firmware --jobs=$$(nproc) built
	$(MAKE) --silent --directory firmware --jobs=1 test

lx106: ## the rules of the board on the instruction set of the ESP8266, in an emulator, and what they need of flash and RAM
	tests/support/debian-packages $(LX106_PACKAGES)
	$(MAKE) --silent --directory firmware --jobs=$$(nproc) lx106

test-dashboard: dashboard/node_modules/.package-lock.json
	tests/support/debian-packages $(TEST_PACKAGES)
	cd dashboard && npm test --silent && npm run --silent test:mock

test-browser: boards dashboard/dist/index.html tests/node/node_modules/.package-lock.json
	$(CARGO) build --quiet --package gatehouse
	cd dashboard && npm run --silent test:gateway

simulate: ## more worlds: make simulate SEEDS=1000000, or one of them: make simulate SEED=17
	$(CARGO) run --release --quiet --package gatehouse-simulation -- $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

fuzz: ## what strangers may send, tried at random: make fuzz FUZZ_SECONDS=3600 for each of the targets in tests/fuzz
	tests/support/debian-packages g++
	$(CARGO) fuzz --version 2>/dev/null | grep -qF $(CARGO_FUZZ) || $(CARGO_INSTALL) cargo-fuzz@$(CARGO_FUZZ)
	tests/fuzz/run $(FUZZ_SECONDS)
	$(MAKE) --silent -C firmware fuzz ROUNDS=$$(($(FUZZ_SECONDS) * 100))

misbehave: ## more clients that misbehave beside well-behaved boards: make misbehave SESSIONS=100000 SEED=17
	$(if $(SESSIONS),MISBEHAVIOUR_SESSIONS=$(SESSIONS)) $(if $(SEED),MISBEHAVIOUR_SEED=$(SEED)) $(CARGO) test --quiet --package gatehouse-broker --test edge misbehaviour

cuts: dashboard/dist/index.html ## the power goes, over and over: make cuts N=10000 SEED=17; the real daemon is killed once in fifty
	$(CARGO) build --quiet --package gatehouse
	CUTS=$(or $(N),10000) CUTS_SEED=$(or $(SEED),17) $(CARGO) test --quiet --workspace --test store -- --nocapture whenever_the_power_goes
	KILLS=$$(($(or $(N),10000) / 50)) CUTS_SEED=$(or $(SEED),17) $(CARGO) test --quiet --workspace --test e2e -- killed_over_and_over

fuzz-shortly:
	$(MAKE) --silent fuzz FUZZ_SECONDS=5

schema: ## the GraphQL schema as the API has it
	$(CARGO) run --quiet --package gatehouse -- schema > gateway/schema.graphql.new && mv gateway/schema.graphql.new gateway/schema.graphql

bench: dashboard/dist/index.html boards ## how fast taps and the MQTT edge are, beside mosquitto; the table is tests/bench/RESULTS.md (BENCH_UNDER="chrt --rr 1" keeps the neighbours out, BENCH_ONLY=boards does one part and leaves the table alone)
	tests/support/debian-packages $(TEST_PACKAGES)
	$(CARGO) build --release --quiet --package gatehouse --package gatehouse-bench
	$(BENCH_UNDER) $(TARGET_DIR)/release/gatehouse-bench --gatehouse $(TARGET_DIR)/release/gatehouse $(if $(BENCH_ONLY),--only $(BENCH_ONLY),--results tests/bench/RESULTS.md)

clean:
	$(CARGO) clean
	rm -rf .run firmware/build dashboard/dist dashboard/node_modules tests/node/node_modules tests/esptool/venv
