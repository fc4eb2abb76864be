# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Read by every script of the kit: settings, messages, the list of kernels.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)

: "${KERNEL:=7.3}" "${TREE:=}" "${AUTHOR:=}" "${FORCE:=}" "${V:=}" "${MIRROR:=}" "${SECURITY_MIRROR:=}"
: "${CASE:=}" "${ONLY:=}"
: "${JOBS:=$(nproc)}"
: "${CACHE:=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/vma_owner}"

# The kit is started by make; the makes it starts are none of that one's.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

out=$root/out/$KERNEL
# kit/drift: the recipes of $KERNEL on the source of another package
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
	printf '%s: error: %s\n' "$(basename "$0")" "$1" >&2
	shift
	for hint; do
		printf '    %s\n' "$hint" >&2
	done
	exit 1
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

# The repo's file for a path: the one of this kernel before the common one.
lookup()
{
	if [ -e "$root/backport/$KERNEL/$1" ]; then
		printf '%s\n' "$root/backport/$KERNEL/$1"
	elif [ -e "$root/$1" ]; then
		printf '%s\n' "$root/$1"
	else
		return 1
	fi
}

# Filters text for a kernel that has some folders under other names: their paths
# are replaced. Nothing is changed where the kernel has them as mainline does.
as_named_here()
{
	if [ -e "$root/backport/$KERNEL/paths.sed" ]; then
		sed -f "$root/backport/$KERNEL/paths.sed"
	else
		cat
	fi
}

# copy_sources FOLDER TO: a folder of tests/ to TO, with what this kernel needs
# otherwise: names, files in their place, and rules NAME.*.cocci for NAME.c.
copy_sources()
{
	cp -r "$root/tests/$1" "$2/$1"
	for source in "$2/$1"/*.[ch]; do
		as_named_here <"$source" >"$2/named"
		mv "$2/named" "$source"
	done
	if [ ! -d "$root/backport/$KERNEL/tests/$1" ]; then
		return
	fi
	cp -r "$root/backport/$KERNEL/tests/$1/." "$2/$1"
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
	list=$(lookup tests/left-out) && sed -n "s/^$1[[:space:]]\{1,\}//p" "$list" | grep .
}

# The series files of this kernel, in order.
series_files()
{
	for dir in series "backport/$KERNEL/series"; do
		for f in "$root/$dir"/[0-9][0-9][0-9][0-9]-*.commit; do
			if [ -e "$f" ]; then
				basename "$f"
			fi
		done
	done | sort -u | while IFS= read -r name; do
		lookup "series/$name"
	done
}

# message_of FILE: the commit message of a series file. NAME.message of this kernel
# stands in for that of NAME.commit.
message_of()
{
	message_file=$root/backport/$KERNEL/series/$(basename "$1" .commit).message
	if [ -e "$message_file" ]; then
		cat "$message_file"
	else
		sed '/^---$/,$d' "$1"
	fi | as_named_here
}

# The recipe of a series file, without comments and without what is meant for
# other kernels ("all" as second argument keeps these). Out comes one line for
# each directive ("D LINE-NUMBER directive arguments"), anchor line ("@ text")
# and inserted line ("| text").
recipe()
{
	awk -v kernel="$KERNEL" -v all="${2:-}" -v file="${1#"$root"/}" '
	function bad(why) {
		printf "%s:%d: %s\n    %s\n", file, NR, why, $0 > "/dev/stderr"
		failed = 1
		exit 1
	}
	!body { if ($0 == "---") body = 1; next }
	/^[ \t]*(#|$)/ { next }
	{
		# an anchor or a text line may be limited to kernels too
		skip = 0
		if (match($0, /^\[[^]]*\][ \t]+[@|]( |$)/)) {
			list = " " substr($0, 2, index($0, "]") - 2) " "
			skip = all == "" && !index(list, " " kernel " ")
			sub(/^\[[^]]*\][ \t]+/, "")
		}
	}
	/^[@|]( |$)/ {
		if (!insert)
			bad("this line belongs to no insert, delete or replace")
		if (/^\|/ && insert == "delete")
			bad("a delete has no text (| lines)")
		if (/^@/ && text)
			bad("the anchor (@ lines) stands before the text (| lines)")
		if (/^\|/) {
			if (!anchor)
				bad("text to insert, but no anchor (@ line) before it")
			text = 1
		} else {
			anchor = 1
		}
		if (keep && !skip)
			print
		next
	}
	/^[@|]/ { bad("a blank must follow the " substr($0, 1, 1)) }
	{
		if (insert && !(insert == "delete" ? anchor : text))
			bad("the " insert " before this line has no " (insert == "delete" ? "@" : "|") " lines")
		insert = ""
		anchor = text = 0
		keep = 1
		line = $0
		if (match(line, /^\[[^]]*\][ \t]+/)) {
			list = " " substr(line, 2, index(line, "]") - 2) " "
			keep = all != "" || index(list, " " kernel " ") > 0
			line = substr(line, RLENGTH + 1)
		}
		n = split(line, w, /[ \t]+/)
		if (w[n] == "")
			n--
		if (w[1] == "add" || w[1] == "remove")
			good = n == 2
		else if (w[1] == "gone")
			good = n == 2 || n == 3
		else if (w[1] == "rule")
			good = n == 3 && w[2] ~ /\.cocci$/
		else if (w[1] == "insert")
			good = n == 3 && (w[3] == "after" || w[3] == "before")
		else if (w[1] == "delete" || w[1] == "replace")
			good = n == 2
		else if (w[1] == "build")
			good = n >= 2
		else
			bad("unknown directive (known: add, rule, insert, delete, replace, remove, gone, build)")
		if (!good)
			bad("wrong arguments; see series/README.md")
		if (w[1] == "insert" || w[1] == "delete" || w[1] == "replace")
			insert = w[1]
		for (i = 2; i <= n; i++)
			if (w[i] ~ /^\// || w[i] ~ /(^|\/)\.\.(\/|$)/)
				bad("paths are relative to the kernel tree")
		if (keep)
			print "D " NR " " line
	}
	END {
		if (failed)
			exit 1
		if (!body) {
			print file ": no line --- between the message and the recipe" > "/dev/stderr"
			exit 1
		}
		if (insert && !(insert == "delete" ? anchor : text)) {
			print file ": the last " insert " has no " (insert == "delete" ? "@" : "|") " lines" > "/dev/stderr"
			exit 1
		}
	}' "$1"
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

# with_progress LABEL LOG STEPS COMMAND...: runs a make, its output to LOG; on a
# terminal one line shows how far it is, elsewhere a line every half minute.
# STEPS is about how many files it makes.
with_progress()
{
	label=$1 log=$2 steps=$3
	shift 3
	mkdir -p "$(dirname "$log")"
	run_to_pipe "$@" | {
		exec 3>"$log"
		begin=$(date +%s) shown=0 done=0 code=
		while IFS= read -r line; do
			case $line in
			'vma_owner-exit '*)
				code=${line#* }
				continue
				;;
			esac
			printf '%s\n' "$line" >&3
			if [ "$V" = 1 ]; then
				printf '%s\n' "$line"
				continue
			fi
			case $line in
			'  CC '* | '  AS '* | '  HOSTCC '* | '  LD '*) done=$((done + 1)) ;;
			esac
			now=$(date +%s)
			if [ -t 1 ]; then
				[ "$now" = "$shown" ] || [ "$done" = 0 ] ||
					printf '\r%s: %s of about %s files, %s s ' "$label" "$done" "$steps" "$((now - begin))"
				shown=$now
			elif [ $((now - begin - shown)) -ge 30 ]; then
				shown=$((now - begin))
				printf '%s: %s of about %s files, %s s\n' "$label" "$done" "$steps" "$shown"
			fi
		done
		if [ -t 1 ] && [ "$done" -gt 0 ]; then
			printf '\n'
		fi
		[ "$code" = 0 ]
	}
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

# The exit status of the left side of a pipe would be lost.
run_to_pipe()
{
	code=0
	run "$@" 2>&1 || code=$?
	printf 'vma_owner-exit %s\n' "$code"
}

# kmake TREE BUILD ARGUMENTS...: the kernel's make, with everything fixed that
# would make two builds of one source differ, and the compiler's results shared
# between clones (ccache: paths below out/ count as relative ones). 5.10 has no UBSAN
# of the whole kernel with COMPILE_TEST, which the converted drivers need here; with
# UBSAN off, and on newer kernels, the variable for it does nothing.
kmake()
{
	kmake_tree=$1 kmake_build=$2
	shift 2
	mkdir -p "$CACHE/ccache" "$kmake_build"
	CCACHE_DIR=$CACHE/ccache CCACHE_BASEDIR=$root/out CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=5G \
		run make -C "$kmake_tree" O="$kmake_build" ARCH=x86_64 -j"$JOBS" --no-print-directory \
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

# configure TREE BUILD FRAGMENTS...: .config is tinyconfig plus the fragments.
# An untouched one keeps its time, or else everything would be made again.
configure()
{
	conf_tree=$1 conf_build=$2
	shift 2
	conf_stamp=$({ git -C "$conf_tree" rev-parse base; cat "$@"; } | sha256sum)
	conf_log=$logs/config.log
	mkdir -p "$logs" "$conf_build"
	if [ ! -e "$conf_build/.config" ] || [ "$(cat "$conf_build/.config-stamp" 2>&1)" != "$conf_stamp" ]; then
		say "configuring ${conf_build#"$root"/}"
		rm -f "$conf_build/.config-stamp"
		kmake "$conf_tree" "$conf_build" tinyconfig >"$conf_log" 2>&1 &&
			(cd "$conf_tree" && scripts/kconfig/merge_config.sh -m -O "$conf_build" \
				"$conf_build/.config" "$@") >>"$conf_log" 2>&1 ||
			die "cannot configure; see ${conf_log#"$root"/}"
	fi
	kmake "$conf_tree" "$conf_build" olddefconfig >>"$conf_log" 2>&1 ||
		die "make olddefconfig failed; see ${conf_log#"$root"/}"
	lost=
	# a later fragment may take back what an earlier one says
	for option in $(cat "$@" | awk -F= '/^CONFIG_/ { v[$1] = $0 } END { for (o in v) print v[o] }' | sort); do
		case $option in
		*=n)
			if grep -q "^${option%=n}=" "$conf_build/.config"; then
				lost="$lost $option"
			fi
			;;
		*)
			if ! grep -q -x -F "$option" "$conf_build/.config"; then
				lost="$lost $option"
			fi
			;;
		esac
	done
	if [ -n "$lost" ]; then
		die "the kernel's configuration did not take:$lost" \
			"A dependency is off or has another name here; see tests/configs/."
	fi
	printf '%s\n' "$conf_stamp" >"$conf_build/.config-stamp"
}

# base_checkout [FOLDER]: the untouched source, the parent of the series' first commit,
# in out/$KERNEL/base
base_checkout()
{
	base_tree=${1:-$out/base}
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
	if [ -e "$root/tests/configs/$KERNEL.config" ]; then
		printf '%s\n' "$root/tests/configs/$KERNEL.config"
	fi
	if [ "$1" = with ]; then
		lookup tests/configs/series.config
	fi
}

# All files that configure something here.
config_files()
{
	for dir in tests/configs "backport/$KERNEL/tests/configs"; do
		for f in "$root/$dir"/*.config; do
			if [ -e "$f" ]; then
				printf '%s\n' "$f"
			fi
		done
	done
}
