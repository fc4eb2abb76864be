# SPDX-License-Identifier: GPL-2.0
#
# The work is done by scripts in kit/ and tests/; "make help" lists what there is.

KERNEL ?= 7.3
JOBS ?= $(shell nproc)
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vma_owner
export KERNEL TREE CONFIG FORCE V JOBS AUTHOR CACHE MIRROR SECURITY_MIRROR DRIVER FORMAT
export OPS SEED WORKERS ANEW

ifneq ($(V),1)
.SILENT:
endif

captures := capture capture-iommu capture-32bit
targets := all check check-brief check-long kernel deb-pkg tree guest series kunit kunit-qemu selftests $(captures) leaks attacks \
	regression bench debug torture coverage misuse production package matrix mutants model drift shell table record

.PHONY: $(targets) check-all port-check help clean
.DEFAULT_GOAL := all

check-all:
	kit/setup long
	tests/check-all

# make ends with 2 whatever this ends with
port-check:
	tests/port-check/run $(if $(filter json,$(FORMAT)),--json) "$(DRIVER)"

ifneq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
$(error make -n can show nothing: the work is done by scripts in kit/ and tests/. V=1 shows the commands they run)
endif

ifndef VMA_OWNER_LOCKED

# One run at a time on out/$(KERNEL): see hold_lock in kit/lib.sh
$(targets):
	kit/lock $(MAKE) --no-print-directory $@

else

tree:
	kit/setup
	kit/apply

# A wrong CONFIG is told before anything is made
custom-config:
	kit/build-custom check
	kit/setup custom

.PHONY: custom-config
kernel: $(if $(CONFIG),custom-config) tree
	$(if $(CONFIG),kit/build-custom,kit/build)

deb-pkg: custom-config tree
	kit/build-custom deb-pkg

guest: tree
	kit/build
	kit/initramfs

# another build of the kernel, and the guests' file systems for it
over := $(addprefix over-,debug kcsan coverage production base-production)
.PHONY: $(over)
.NOTPARALLEL:
$(over): over-%: guest
	kit/build $*
	kit/initramfs-over $*

# boots GUEST...: all of them run before one may fail the whole
boots = code=0; $(foreach guest,$(1),kit/boot $(guest) || code=1;) exit $$code

# Their kernel has nothing but what the table needs, which is there even if one fails.
all: tree
	kit/build table
	kit/initramfs table
	code=0; (export REUSE=1; $(call boots,stock table-selftests stock-p2p table-p2p)) || code=1; \
	tests/table/run table- && exit $$code

kunit: tree
	kit/kunit

kunit-qemu: guest
	kit/boot kunit

selftests leaks $(captures): guest
	kit/boot $@

attacks: guest
	$(call boots,stock-attacks attacks)

debug: over-debug
	code=0; ($(call boots,$(addprefix debug-,kunit users users-dma selftests capture))) || code=1; \
	tests/faults/run || code=1; \
	tests/misuse/run && exit $$code

torture: over-debug over-kcsan
	$(call boots,debug-torture kcsan-torture)

# A list that does not fit is told before anything is built
coverage-list: tree
	tests/coverage/run --check

.PHONY: coverage-list
coverage: coverage-list over-coverage
	tests/coverage/run

misuse: over-debug
	tests/misuse/run

production: over-production
	$(call boots,production-kunit production-selftests production-capture)

package: guest
	kit/setup custom
	kit/build production
	INTO=package CONFIG=out/$(KERNEL)/build-production/.config kit/build-custom deb-pkg
	kit/initramfs-over package
	$(call boots,package-selftests package-kunit)

matrix: tree
	kit/setup long
	tests/matrix/run $(or $(CELLS),long)

regression: guest
	kit/build base
	tests/regression/run

bench: over-production over-base-production
	tests/bench/run

drift:
	kit/setup
	tests/drift/run

mutants: guest
	kit/kunit
	tests/mutants/run

model:
	kit/setup
	tests/model/run

shell: guest
	kit/boot shell

table:
	tests/table/run

record:
	tests/results/record

series: tree
	kit/series

check check-brief check-long:
	kit/setup $(filter long,$(@:check-%=%))
	tests/check $(filter-out check,$(@:check-%=%))

endif

help:
	echo 'make                the table: what the stock kernel and ours do, in QEMU'
	echo 'make check          everything that can fail; ends with N passed, N failed'
	echo 'make check-brief    make check without the debug, production and stock kernels, capture-iommu,'
	echo '                    capture-32bit, torture, the table, and the matrix but x86_64-debian, as CI does for 5.10'
	echo 'make check-long     all of make check, then debug-capture, torture on the debug and the KCSAN kernel, coverage, package,'
	echo '                    the rest of the matrix, leaks, attacks, drift, regression and mutants'
	echo 'make check-all      make check-long for every kernel, and one table; with ANEW=1 also what passed before for the same files'
	echo 'make tree           out/$(KERNEL)/tree: the source, one git commit for each patch'
	echo 'make series         out/$(KERNEL)/series/PART/*.patch with cover letters, one part for each tree; AUTHOR= signs them'
	echo '                    of an older kernel, which is sent nowhere, all in a row: .../series/all'
	echo 'make kernel         out/$(KERNEL)/build/arch/x86/boot/bzImage'
	echo '                    with CONFIG=FILE: out/$(KERNEL)/custom/build/..., for a real machine'
	echo 'make guest          the kernel and the file systems of the guests, and no test'
	echo 'make deb-pkg        with CONFIG=FILE: the same as Debian packages, to install'
	echo 'make kunit          the KUnit suite under UML: the fast loop, under two minutes after the first time'
	echo 'make kunit-qemu     the KUnit suite in QEMU, with what UML cannot run'
	echo 'make selftests      the selftests in QEMU'
	echo 'make capture        a device captures by DMA in QEMU; capture-iommu: behind an IOMMU;'
	echo '                    capture-32bit: a device of 32 bits, memory beyond its reach'
	echo 'make attacks        DMA by VFIO into BARs that their owner took back, in QEMU, on Debian'"'"'s kernel and ours'
	echo 'make leaks          hundreds of rounds, kills and unbinds in QEMU, and what they leave behind'
	echo 'make regression     v4l2-compliance and the kernel'"'"'s selftests on the untouched kernel and on ours'
	echo 'make bench          what pins cost, in instructions, beside what is done without them: table, JSON, plot (not on 6.1, 5.10)'
	echo 'make model          have spin search the model of pins and revokes, and find its mutants (2 minutes)'
	echo 'make drift          the recipes on linux-source-7.2: they apply, or what does not fit is named'
	echo 'make debug          KUnit, selftests and capture on a kernel with KASAN, kmemleak, UBSAN and the like'
	echo 'make torture        OPS=10000000 SEED= WORKERS=: random calls against a model, on the debug kernel and on one that'
	echo '                    sees data races; inputs that must be refused, allocations that fail (hours)'
	echo 'make coverage       which lines of ours no test reaches, against the list of those, with reasons (7.3)'
	echo 'make misuse         what breaks a rule of the API is reported on the first call'
	echo 'make production     KUnit, selftests and capture on a kernel as people run it: no lockdep, no debugging'
	echo 'make package        make deb-pkg with the configuration of make production, then KUnit and selftests'
	echo '                    on what dpkg installs'
	echo 'make matrix         compile the series in all configurations of tests/matrix/cells (hours)'
	echo 'make mutants        take lines out of the C code and see each caught by a named test (after make debug)'
	echo 'make port-check     DRIVER=FOLDER: the places of a driver to convert, and to what; FORMAT=json'
	echo 'make table          the table of the last run again'
	echo 'make record         what ran last, into tests/results, tests/bench/results and both README.md'
	echo 'make shell          a prompt in the guest'
	echo 'make clean          delete out/ (the downloads in CACHE stay)'
	echo
	echo 'KERNEL=$(KERNEL)          one of: $(shell sed -e "/^#/d" -e "s/ .*//" kernels)'
	echo 'TREE=                a Linux source tree to use instead of the Debian package; never written to'
	echo 'FORCE=               1: try a TREE of a version that is not listed'
	echo 'CONFIG=              make kernel and make deb-pkg: the configuration to build with, .gz too'
	echo 'AUTHOR=              make series: Your Name <you@example.org>'
	echo 'CASE=                make kunit, make kunit-qemu: a glob of cases, such as vma_owner.c1_*'
	echo 'ONLY=                make selftests, capture, attacks, leaks, torture: the one program to run'
	echo 'BOOTS=3              make bench: how often each guest is booted'
	echo 'CELLS=               make matrix: names of cells, or brief, quick, long'
	echo 'JOBS=$(JOBS)               compilers at once'
	echo 'CACHE=$(CACHE)'
	echo '                     downloads and compiler cache'
	echo 'MIRROR= SECURITY_MIRROR=   Debian archives; as this machine'"'"'s apt has them, if empty'
	echo 'V=                   1: show the commands'

clean:
	rm -rf out
