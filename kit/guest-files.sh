# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Read by kit/initramfs and kit/initramfs-over: what a guest's file system is made of,
# in $work/root, for the kernel in $build.

selftests=$tree/tools/testing/selftests/vma_owner
watched=

# Sets release
need_kernel()
{
	if [ ! -e "$build/include/config/kernel.release" ]; then
		die "there is no kernel in ${build#"$root"/}." "$1 makes it."
	fi
	release=$(cat "$build/include/config/kernel.release")
}

# has FOLDER: does the tree have what a folder of tests/ is for, by its file "needs"?
has()
{
	[ ! -e "$root/tests/$1/needs" ] || [ -e "$tree/$(cat "$root/tests/$1/needs")" ]
}

# modules FOLDER [LIST]: build those of a folder of tests/ and put them into the guest,
# and the folder's file "modules" to the end of a list that init loads
modules()
{
	copy_sources "$1" "$work"
	# shellcheck disable=SC2086
	logged kmake "$tree" "$build" $watched M="$work/$1" MO="$work/$1" modules
	cp "$work/$1"/*.ko "$work/root/modules/"
	if [ $# -gt 1 ]; then
		cat "$root/tests/$1/modules" >>"$work/root/modules/$2"
	fi
}

# samples [FOLDER]: the sample modules, where their selftest looks for them
samples()
{
	rm -rf "$work/root/lib"
	mkdir -p "$work/root/lib/modules/$release/kernel/samples/vma_owner"
	logged cp "${1:-$build/samples/vma_owner}"/*.ko* "$work/root/lib/modules/$release/kernel/samples/vma_owner"
}

# program TO ARGUMENTS...: compiled from sources and the like, with the selftests' helpers
program()
{
	local to="$work/root/$1"
	shift
	mkdir -p "${to%/*}"
	logged gcc -O2 -Wall -Werror -static -D_GNU_SOURCE -I"$selftests" -I"$selftests/.." \
		-isystem "$build/usr/include" -o "$to" "$@" "$selftests/memory.c" "$selftests/video.c"
}

# loads LIST FOLDER RELEASE MODULE: a module below FOLDER, and before it what it needs,
# into the guest and to the end of a list that init loads. What is built in needs no
# loading. Fails where there is none.
loads()
{
	modprobe -C /dev/null -d "$2" -S "$3" --show-depends "$4" >"$work/depends" 2>>"$log" || return
	while read -r how path _; do
		name=$(basename "$path" | sed 's/\.\(xz\|zst\)$//')
		if [ "$how" != insmod ] || grep -q -s "^$name" "$work/root/modules/$1"; then
			continue
		fi
		# "loads || ..." turns set -e off
		{
			case $path in
			*.xz) xz -dc "$path" ;;
			*.zst) zstd -q -dc "$path" ;;
			*) cat "$path" ;;
			esac >"$work/root/modules/$name" && printf '%s\n' "$name" >>"$work/root/modules/$1"
		} || die "cannot put $path into the guest's file system." "Is the disk full?"
	done <"$work/depends"
}

# with_lib FOLDER: since bookworm packages may have /usr/lib only
with_lib()
{
	if [ ! -e "$1/lib" ]; then
		ln -s usr/lib "$1/lib"
	fi
}

# pack FILE FOLDER [BEFORE]: an archive of FOLDER, behind another one whose files it
# takes the place of; the same content gives the same bytes
pack()
{
	find "$2" -exec touch -h -d @0 {} +
	(cd "$2" && find . | sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >"$work/cpio"
	{
		cat "${3:-/dev/null}"
		gzip -n -9 <"$work/cpio"
	} >"$1.tmp"
	mv "$1.tmp" "$1"
	say "initramfs: ${1#"$root"/}"
}
