# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Read by every script of the kit and of the tests: settings, messages, the list of kernels.

set -eu

# above kit/ and tests/
root=$(cd "$(dirname "$0")" && pwd)
while [ "$root" ] && [ ! -e "$root/kit/lib.sh" ]; do
	root=${root%/*}
done
# a test's is called run, and known by its folder
me=$(basename "$0")
if [ "$me" = run ]; then
	me=$(basename "$(dirname "$0")")
fi

: "${KERNEL:=7.3}" "${TREE:=}" "${AUTHOR:=}" "${FORCE:=}" "${V:=}" "${MIRROR:=}" "${SECURITY_MIRROR:=}"
: "${CASE:=}" "${ONLY:=}"
: "${JOBS:=$(nproc)}"
: "${CACHE:=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/vma_owner}"

# The kit is started by make; the makes it starts are none of that one's.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

out=$root/out/$KERNEL
# tests/drift/run: the recipes of $KERNEL on the source of another package
if [ -n "${DRIFT:=}" ]; then
	out=$root/out/drift
fi
tree=$out/tree
build=$out/build
logs=$out/log
results=$out/results

# The user's git settings (hooks, line ends, signing) must not reach the trees
# under out/: their hashes are to be the same everywhere. The owner check is
# off because the trees may be in a volume that root shares with somebody.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_CONFIG_COUNT=2
export GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
export GIT_CONFIG_KEY_1=gc.auto GIT_CONFIG_VALUE_1=0
export LC_ALL=C

say()
{
	printf '%s\n' "$*"
}

warn()
{
	printf 'warning: %s\n' "$*" >&2
}

die()
{
	printf '%s: error: %s\n' "$me" "$1" >&2
	shift
	for hint; do
		printf '    %s\n' "$hint" >&2
	done
	exit 1
}

# result pass|fail|skip NAME [WHY]: one test's line in $tests
result()
{
	printf '%s\t%s\t%s\n' "$1" "$2" "$(printf '%s' "${3:-}" | tr '\t' ' ')" >>"$tests"
}

# judged STATUS NAME WHY: a test that passed if STATUS is 0, and else failed for WHY
judged()
{
	if [ "$1" = 0 ]; then
		result pass "$2"
	else
		result fail "$2" "$3"
	fi
}

# concluded NAME: the end of a test that judged by itself. Tells what failed and how many
# of each there are, and fails if one did or none passed.
concluded()
{
	awk -F '\t' -v name="$1" '
	$1 == "fail" { print "  FAIL " $2 ($3 == "" ? "" : ": " $3) }
	{ count[$1]++ }
	END {
		printf "%s: %d passed, %d failed", name, count["pass"], count["fail"]
		print count["skip"] ? ", " count["skip"] " skipped" : ""
		exit count["fail"] > 0 || !count["pass"]
	}' "$tests"
}

# run COMMAND...: shown first when V=1
run()
{
	if [ "$V" = 1 ]; then
		printf '+ %s\n' "$*" >&2
	fi
	"$@"
}

listed_kernels()
{
	sed -e '/^#/d' -e '/^[[:space:]]*$/d' -e 's/[[:space:]].*//' "$root/kernels" | tr '\n' ' '
}

# What does not depend on the kernel is checked with the first of the list.
default_kernel()
{
	listed_kernels | cut -d ' ' -f 1
}

# Sets package, suite, archive, tested and stock from the line of $KERNEL.
read_kernel()
{
	line=$(awk -v k="$KERNEL" '!/^#/ && $1 == k' "$root/kernels")
	if [ -z "$line" ]; then
		die "KERNEL=$KERNEL is not in the list of kernels ($root/kernels)." \
			"Listed: $(listed_kernels)" \
			"For another tree say TREE=/path/to/linux."
	fi
	# shellcheck disable=SC2034
	read -r _ package suite archive tested stock <<-LINE
	$line
	LINE
	if [ -n "$DRIFT" ]; then
		package=$DRIFT
	fi
}

# One run at a time on out/$KERNEL. The lock dies with the process that holds
# it, so a killed run never leaves one behind.
hold_lock()
{
	if [ "${VMA_OWNER_LOCKED:-}" = "$out" ]; then
		return
	fi
	mkdir -p "$out"
	exec 9>>"$out/.lock"
	if ! flock -n 9; then
		die "out/$KERNEL is in use by $(cut -c -200 "$out/.lock")." \
			"Wait for that run to end, or use a second clone or another KERNEL."
	fi
	printf 'process %s (%s), since %s\n' "$$" "$*" "$(date '+%H:%M:%S')" >"$out/.lock"
	export VMA_OWNER_LOCKED="$out"
}

# commit_as "Name <mail>" DATE: the author and committer of commits to come
commit_as()
{
	GIT_AUTHOR_NAME=${1% <*}
	GIT_AUTHOR_EMAIL=${1##*<}
	GIT_AUTHOR_EMAIL=${GIT_AUTHOR_EMAIL%>}
	GIT_AUTHOR_DATE=$2
	GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
	export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
}

# need_space DIRECTORY MEGABYTES WHAT
need_space()
{
	mkdir -p "$1"
	free=$(df -P -k "$1" | awk 'NR == 2 { print int($4 / 1024) }')
	if [ "$free" -lt "$2" ]; then
		die "$3 needs about $2 MB in $1, but only $free MB are free." \
			"Free some space, or clone to a larger disk; CACHE=DIR moves the downloads and the compiler cache."
	fi
}

# What kit/apply makes is there. Without it git's and make's words would be all.
need_tree()
{
	if ! git -C "$tree" rev-parse -q --verify base >/dev/null 2>&1; then
		die "there is no ${tree#"$root"/}." "make tree KERNEL=$KERNEL makes it."
	fi
}

# Where files of this kernel are looked for before the common ones: its own folder, then
# those of the newer kernels, the nearest first. What is new on the way back stands in
# the first kernel that needs it.
homes=
for newer in $(listed_kernels | tr ' ' '\n' | sort -V | awk -v k="$KERNEL" '$0 == k { on = 1 } on'); do
	if [ -d "$root/backport/$newer" ]; then
		homes="$homes backport/$newer"
	fi
done

# The repo's file for a path: the one of this kernel before the common one.
lookup()
{
	for home in $homes .; do
		if [ -e "$root/$home/$1" ]; then
			home=$home/$1
			printf '%s\n' "$root/${home#./}"
			return
		fi
	done
	return 1
}

# FILE... without the lines that are limited to other kernels: "[6.1 6.12] text"
here()
{
	awk -v kernel="$KERNEL" '
	match($0, /^\[[0-9][0-9. ]*\]( |$)/) {
		list = " " substr($0, 2, index($0, "]") - 2) " "
		if (!index(list, " " kernel " "))
			next
		$0 = substr($0, RLENGTH + 1)
	}
	{ print }' "$@"
}

# list_of FILE...: a list's lines for this kernel, without comments
list_of()
{
	here "$@" | grep -v -E '^[[:space:]]*(#|$)'
}

# Filters our own text for a kernel that has other names for what it mentions, folders
# above all. Nothing is changed where the kernel has them as mainline does.
names=$(for home in $homes; do
	if [ -e "$root/$home/names.sed" ]; then
		here "$root/$home/names.sed"
	fi
done)
as_named_here()
{
	sed -e "$names"
}

# from_all FOLDER: those of the folders of that name that there are, the common one
# first and this kernel's own last
from_all()
{
	for home in $homes .; do
		if [ -d "$root/$home/$1" ]; then
			home=$root/$home
			printf '%s\n' "${home%/.}/$1"
		fi
	done | tac
}

# copy_sources FOLDER TO: a folder of tests/ to TO, with what this kernel needs
# otherwise: names, files in their place, and rules NAME.*.cocci for NAME.c.
copy_sources()
{
	mkdir -p "$2/$1"
	from_all "tests/$1" | while IFS= read -r source; do
		cp -r "$source/." "$2/$1"
	done
	for source in "$2/$1"/*.[ch]; do
		as_named_here <"$source" >"$2/named"
		mv "$2/named" "$source"
	done
	for rule in "$2/$1"/*.cocci; do
		if [ ! -e "$rule" ]; then
			continue
		fi
		target=${rule##*/}
		if ! run spatch --sp-file "$rule" --in-place "$2/$1/${target%%.*}.c" >"$2/spatch.log" 2>&1; then
			cat "$2/spatch.log" >&2
			die "spatch failed on tests/$1 for KERNEL=$KERNEL; its words are above."
		fi
	done
}

# left_out STAGE: tells why this kernel has no such stage, or fails
left_out()
{
	list=$(lookup tests/left-out) && list_of "$list" | sed -n "s/^$1[[:space:]]\{1,\}//p" | grep .
}

# The series files of this kernel, in order.
series_files()
{
	from_all series | while IFS= read -r dir; do
		find "$dir" -maxdepth 1 -name '[0-9][0-9][0-9][0-9]-*.commit' -printf '%f\n'
	done | sort -u | while IFS= read -r name; do
		lookup "series/$name"
	done
}

# message_of FILE: the commit message of a series file. NAME.message of a kernel
# stands in for that of NAME.commit of the same or a newer one.
message_of()
{
	name=$(basename "$1" .commit)
	for home in $homes .; do
		message=$root/$home/series/$name
		if [ -e "$message.message" ]; then
			here "$message.message"
			break
		elif [ -e "$message.commit" ]; then
			sed '/^---$/,$d' "$message.commit" | here
			break
		fi
	done | as_named_here
}

# The recipe of a series file, without comments and without what is meant for
# other kernels ("all" as second argument keeps these). Out comes one line for
# each directive ("D LINE-NUMBER directive arguments"), anchor line ("@ text")
# and inserted line ("| text").
recipe()
{
	awk -v kernel="$KERNEL" -v all="${2:-}" -v file="${1#"$root"/}" -f "$root/kit/recipe.awk" "$1"
}

# The number of places a rule promises to change: "/// Expect: N", or
# "/// Expect: N [6.1 6.12]" for the kernels named.
expected()
{
	awk -v kernel="$KERNEL" '
	/^\/\/+ *Expect: *[0-9]+ *$/ { n = $3 }
	/^\/\/+ *Expect: *[0-9]+ *\[[^]]*\] *$/ {
		list = " " substr($0, index($0, "[") + 1)
		sub(/\] *$/, " ", list)
		if (index(list, " " kernel " "))
			here = $3
	}
	END { print here == "" ? n : here }' "$1"
}

# with_progress LABEL LOG STEPS COMMAND...: runs a make, its output to LOG, or shown with
# V=1; on a terminal one line shows how far it is, elsewhere a line every half minute.
# STEPS is about how many files it makes. Its exit status, which the pipe would lose, is
# the last line.
with_progress()
{
	local label="$1" log="$2" steps="$3" code=0 terminal=0
	shift 3
	mkdir -p "$(dirname "$log")"
	if [ -t 1 ]; then
		terminal=1
	fi
	{
		run "$@" 2>&1 || code=$?
		printf 'vma_owner-exit %s\n' "$code"
	} | perl -e '
		my ($label, $log, $steps, $terminal, $verbose) = @ARGV;
		my ($begin, $shown, $done) = (time, time, 0);
		my $every = $terminal ? 1 : 30;
		$| = 1;
		open(my $to, ">", $log) or die "$log: $!\n";
		while (<STDIN>) {
			$code = $1, last if /^vma_owner-exit (\d+)/;
			print $to $_;
			print if $verbose eq "1";
			$done++ if /^  (CC|AS|HOSTCC|LD) /;
			next if $verbose eq "1" || time - $shown < $every;
			$shown = time;
			printf "%s%s: %d of about %d files, %d s%s", $terminal ? "\r" : "", $label, $done, $steps,
				$shown - $begin, $terminal ? " " : "\n";
		}
		print "\n" if $terminal && $done;
		exit($code // 1);' "$label" "$log" "$steps" "$terminal" "$V"
}

# compile_kernel WHAT STEPS COMMAND...: as with_progress, to $log; fails with the first
# errors of a make that does
compile_kernel()
{
	local what="$1" steps="$2"
	shift 2
	if ! with_progress "building $what" "$log" "$steps" "$@"; then
		grep -n -E -A 3 '(error|undefined reference|warning: .*\[-W|\*\*\*|No space left)' "$log" | head -n 40 >&2
		full "$build" "$CACHE" "$logs" "${TMPDIR:-/tmp}"
		die "$what does not build; the first errors are above, everything is in ${log#"$root"/}."
	fi
}

# full DIRECTORY...: tells of those on disks with less than 10 MB left; a make that
# ran into that says so in the middle of a log, which may be on such a disk itself
full()
{
	for directory; do
		if [ ! -d "$directory" ]; then
			continue
		fi
		left=$(df -P -k "$directory" | awk 'NR == 2 { print $4 }')
		if [ "$left" -lt 10240 ]; then
			warn "the disk of $directory is full: $left KB are free."
		fi
	done
}

# logged COMMAND...: its output goes to the end of $log; what works in $work ends if it fails
logged()
{
	if ! run "$@" >>"$log" 2>&1; then
		tail -n 20 "$log" >&2
		full "$work" "$CACHE" "$logs" "${TMPDIR:-/tmp}"
		die "$* failed; its last words are above, all of them in ${log#"$root"/}."
	fi
}

# kmake TREE BUILD ARGUMENTS...: the kernel's make, with everything fixed that
# would make two builds of one source differ, and the compiler's results shared
# between clones (ccache: paths below out/ count as relative ones). 5.10 has no UBSAN
# of the whole kernel with COMPILE_TEST, which the converted drivers need here; with
# UBSAN off, and on newer kernels, the variable for it does nothing.
kmake()
{
	local source="$1" into="$2"
	shift 2
	mkdir -p "$CACHE/ccache" "$into"
	CCACHE_DIR=$CACHE/ccache CCACHE_BASEDIR=$root/out CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=5G \
		run make -C "$source" O="$into" ARCH=x86_64 -j"$JOBS" --no-print-directory \
		CC='ccache gcc' HOSTCC='ccache gcc' LOCALVERSION= ${V:+V=$V} CONFIG_UBSAN_SANITIZE_ALL=y \
		KBUILD_BUILD_TIMESTAMP='2026-01-01 00:00:00 UTC' KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_USER=vma_owner KBUILD_BUILD_HOST=vma_owner "$@"
}

# For the kernel with KCSAN: what is watched for data races is our code alone. The
# command line goes before the assignments of makefiles.
# shellcheck disable=SC2034
kcsan_watches="KCSAN_SANITIZE=n KCSAN_SANITIZE_vma_owner.o=y KCSAN_SANITIZE_vma-pin.o=y
	KCSAN_SANITIZE_dma-buf-vma-owner.o=y KCSAN_SANITIZE_dma-buf-sync.o=y
	KCSAN_SANITIZE_vma_owner_torture.o=y KCSAN_SANITIZE_vma_owner_importer.o=y
	KCSAN_SANITIZE_vma_owner_exporter.o=y"

# gcov_counts: likewise, for the kernel that counts which lines are reached
gcov_counts()
{
	list_of "$root/tests/coverage/sources" | awk '$1 != "!" && $2 != "-" {
		object = $2
		if (object == "") {
			object = $1
			sub(/^.*\//, "", object)
			sub(/\.c$/, ".o", object)
		}
		print "GCOV_PROFILE_" object "=y"
	}' | sort -u
}

# configure TREE BUILD FRAGMENTS...: .config is tinyconfig plus the fragments.
# An untouched one keeps its time, or else everything would be made again.
configure()
{
	local source="$1" into="$2" log="$logs/config.log" lost='' stamp option
	shift 2
	stamp=$({ git -C "$source" rev-parse base; cat "$@"; } | sha256sum)
	mkdir -p "$logs" "$into"
	if [ ! -e "$into/.config" ] || [ "$(cat "$into/.config-stamp" 2>&1)" != "$stamp" ]; then
		say "configuring ${into#"$root"/}"
		rm -f "$into/.config-stamp"
		kmake "$source" "$into" tinyconfig >"$log" 2>&1 &&
			(cd "$source" && scripts/kconfig/merge_config.sh -m -O "$into" \
				"$into/.config" "$@") >>"$log" 2>&1 ||
			die "cannot configure; see ${log#"$root"/}"
	fi
	kmake "$source" "$into" olddefconfig >>"$log" 2>&1 ||
		die "make olddefconfig failed; see ${log#"$root"/}"
	# a later fragment may take back what an earlier one says
	for option in $(cat "$@" | awk -F= '/^CONFIG_/ { v[$1] = $0 } END { for (o in v) print v[o] }' | sort); do
		case $option in
		*=n)
			if grep -q "^${option%=n}=" "$into/.config"; then
				lost="$lost $option"
			fi
			;;
		*)
			if ! grep -q -x -F "$option" "$into/.config"; then
				lost="$lost $option"
			fi
			;;
		esac
	done
	if [ -n "$lost" ]; then
		die "the kernel's configuration did not take:$lost" \
			"A dependency is off or has another name here; see tests/configs/."
	fi
	printf '%s\n' "$stamp" >"$into/.config-stamp"
}

# base_checkout [FOLDER]: the untouched source, the parent of the series' first commit,
# in out/$KERNEL/base
base_checkout()
{
	local base_tree="${1:-$out/base}"
	if [ "$(git -C "$base_tree" rev-parse HEAD 2>&1)" != "$(git -C "$tree" rev-parse base)" ]; then
		rm -rf "$base_tree"
		git -C "$tree" worktree prune
		git -C "$tree" worktree add -q --detach "$base_tree" base
	fi
}

# The fragments for a build, "with" or "without" the series' own options.
fragments()
{
	lookup tests/configs/base.config
	lookup tests/configs/kernel.config
	if [ "$1" = with ]; then
		lookup tests/configs/series.config
	fi
}

# The fragments for drivers that were converted and have no device in QEMU: those of
# every kernel, and those that this one has besides.
users_fragments()
{
	lookup tests/configs/users.config
	if [ -e "$root/tests/configs/$KERNEL-users.config" ]; then
		printf '%s\n' "$root/tests/configs/$KERNEL-users.config"
	fi
}

# All files that configure something here.
config_files()
{
	from_all tests/configs | while IFS= read -r dir; do
		find "$dir" -maxdepth 1 -name '*.config' | sort
	done
}
