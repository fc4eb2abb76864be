# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Read by kit/boot and tests/mutants/run: the guests there are.

# describe_guest NAME: sets what kit/qemu/run needs for a guest of ours, or fails.
#   job     what its init does
#   append  the kernel's command line
#   limit   seconds
#   qemu    further arguments for QEMU, words without blanks
#   enough  what it says last, if it has to be stopped then
# shellcheck disable=SC2034
describe_guest()
{
	edu='-device edu,dma_mask=0xffffffffffffffff'
	# an IOMMU, and what the kernel is told of it
	iommu='-machine q35,kernel-irqchip=off -device intel-iommu,intremap=on'
	translated='intel_iommu=on iommu.passthrough=0'
	strict="$translated iommu.strict=1"
	icount='-icount shift=0,sleep=off -smp 1 -rtc clock=vm'
	# the range is for the sample exporter
	append="kunit.enable=0 vivid.n_devs=2 vivid.allocators=1,0 memmap=4M\$0x30000000"
	job=selftests limit=600 qemu= enough=
	case $1 in
	selftests) ;;
	kunit)
		job=kunit
		append="kunit.filter_glob=vma_owner*"
		;;
	users)
		# the suites in the drivers. Cases *_runs_out_of_memory let every allocation
		# fail in turn: one is of a tree in which DMA_API_DEBUG keeps the cache lines
		# that are mapped, and without it that is off for good, as it says by an error
		job=kunit
		append="kunit.filter_glob=vma_owner_* dma_debug=off"
		;;
	users-dma)
		# all but those, which say that they are slow, beneath DMA_API_DEBUG
		job=kunit
		append="kunit.filter_glob=vma_owner_* kunit.filter=speed>slow"
		;;
	capture | capture-*)
		job=capture limit=1800
		append="$append hugepages=16 vo_timeout=800"
		qemu="$edu $edu $edu $edu $edu $edu $edu"
		;;
	leaks | leaks-*)
		job=leaks limit=1800
		# objects are counted one by one only in caches that are checked and not merged;
		# older kernels know slub_debug only
		append="$append slab_nomerge slab_debug=FZP slub_debug=FZP hugepages=16 vo_timeout=1000"
		append="$append${ROUNDS:+ vo_rounds=$ROUNDS}${KILLS:+ vo_kills=$KILLS}${SEED:+ vo_seed=$SEED}"
		qemu="$edu $edu $edu $edu"
		;;
	torture | torture-*)
		# DMA_API_DEBUG does not believe that a page may be mapped by many at once
		torture_ops=$(torture_ops)
		job=torture limit=$((900 + torture_ops / 250))
		append="$append vo_timeout=$limit dma_debug=off vo_ops=$torture_ops"
		# for those who hand addresses to VFIO
		append="$append $translated"
		qemu="$iommu $edu $edu"
		append="$append${SEED:+ vo_seed=$SEED}${WORKERS:+ vo_workers=$WORKERS}"
		;;
	*) describe_small "$1" || describe_attacks "$1" || return 1 ;;
	esac
	narrow "$1"
}

# How many operations, on whichever kernel $on says: the long run is of those that watch
torture_ops()
{
	case ${on:-} in
	debug | kcsan) echo "${OPS:-10000000}" ;;
	coverage) echo "${OPS:-100000}" ;;
	*) echo "${OPS:-1000000}" ;;
	esac
}

# Those that measure, or break one rule
describe_small()
{
	case $1 in
	misuse-control)
		# one case, so that there is a plan; then init looks for leaks
		job=kunit
		append="kunit.filter_glob=vma_owner.c1_pin_of_never_faulted_memory"
		append="$append vo_modules=misuse vo_misuse.make=control"
		;;
	misuse-*)
		job=silent
		append="kunit.enable=0 panic_on_warn=0 vo_modules=misuse vo_misuse.memory=${1##*-}"
		misuse=${1#misuse-}
		append="$append vo_misuse.make=${misuse%-*}"
		enough="vo_misuse: (made|cannot)|module /[^ ]*vo_misuse"
		;;
	bench)
		# one instruction takes a nanosecond, and idle time none: what is counted repeats
		job=bench limit=1800
		append="$append nokaslr norandmaps vo_guest=count vo_modules=bench vo_timeout=1500 vo_capture.memops=sg"
		append="$append${SHORT:+ vo_short}"
		qemu="$icount $edu"
		;;
	bench-iommu)
		job=bench limit=1800
		append="$append nokaslr norandmaps $strict vo_guest=iommu vo_modules=bench-iommu"
		append="$append vo_timeout=1500"
		qemu="$icount $iommu $edu -device pcie-root-port,id=port1,chassis=1,slot=1"
		qemu="$qemu -object memory-backend-ram,size=1G,id=large,share=on -device ivshmem-plain,memdev=large,bus=port1"
		;;
	bench-parallel)
		# ratios of times: more processors than most hosts have
		job=bench limit=900
		append="$append vo_guest=parallel vo_modules=bench vo_capture.memops=sg vo_timeout=800"
		qemu="-smp 8 $edu"
		;;
	*) return 1 ;;
	esac
}

describe_attacks()
{
	case $1 in
	attacks | p2p)
		job=attacks limit=5400
		append="$append $strict vo_timeout=2400"
		# nobody draws, and on a busy machine a wait for the screen is reported
		append="$append drm_kms_helper.fbdev_emulation=0"
		qemu="$iommu $edu"
		# the newcomer is the ivshmem that every guest has, on the root bus
		for nr in 1 2 3 4 5; do
			qemu="$qemu -device pcie-root-port,id=port$nr,chassis=$nr,slot=$nr"
			qemu="$qemu -object memory-backend-ram,size=1M,id=victim$nr,share=on"
		done
		qemu="$qemu -device ivshmem-plain,memdev=victim1,bus=port1"
		qemu="$qemu -device ivshmem-plain,memdev=victim2,bus=port2"
		# two functions of a slot, which are reset together
		qemu="$qemu -device ivshmem-plain,memdev=victim3,bus=port3,addr=0.0,multifunction=on"
		qemu="$qemu -device ivshmem-plain,memdev=victim4,bus=port3,addr=0.1"
		# one that can be reset alone, and knows D3hot: its BAR is the controller's buffer
		qemu="$qemu -device nvme,serial=victim,cmb_size_mb=1,bus=port4"
		# one that is unplugged, by ACPI, and what comes in its place: with pciehp lockdep
		# reports an inversion of the untouched kernel, vfio's group_lock and reset_lock
		qemu="$qemu -device ivshmem-plain,memdev=victim5,id=plugged,bus=port5"
		# one that goes again and again, each time for one with other memory
		qemu="$qemu -device pcie-root-port,id=port6,chassis=6,slot=6"
		for nr in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
			qemu="$qemu -object memory-backend-ram,size=4M,id=bars$nr,share=on"
		done
		qemu="$qemu -device ivshmem-plain,memdev=bars0,id=bar0,bus=port6"
		# one that has virtual functions
		qemu="$qemu -device pcie-root-port,id=port7,chassis=7,slot=7 -device nvme-subsys,id=functions"
		qemu="$qemu -device nvme,serial=functions,subsys=functions,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2,bus=port7"
		# one whose BAR is made resizable, see tests/attacks/modules
		qemu="$qemu -device pcie-root-port,id=port8,chassis=8,slot=8 -device nvme,serial=resizable,cmb_size_mb=4,bus=port8"
		# two for each container that unplug is run in
		for nr in 10 11 20 21 30 31; do
			qemu="$qemu -object memory-backend-ram,size=1M,id=spare$nr,share=on"
		done
		;;
	*) return 1 ;;
	esac
}

# What a guest of several of a kind does alone, or otherwise
narrow()
{
	case $1 in
	leaks-system-heap) append="$append vo_only=rounds vo_owner=3 vo_rounds=100" ;;
	leaks-memfd) append="$append vo_only=rounds vo_owner=5 vo_rounds=100" ;;
	leaks-*) append="$append vo_only=${1#leaks-}" ;;
	torture-*) append="$append vo_only=${1#torture-}" ;;
	# what make's table shows of them
	p2p) append="$append vo_only=row vo_timeout=1500" limit=1800 ;;
	capture-iommu)
		append="$append vo_guest=iommu $strict"
		qemu="$iommu $qemu"
		;;
	capture-32bit)
		# half of the memory lies above 4 GiB, and is given out first
		# all but the exporter are 32 bit devices
		append="$append vo_guest=32bit vo_capture.dma_mask=32,32,32,64,32,32,32"
		qemu="-machine q35,max-ram-below-4g=512M $qemu"
		;;
	esac
}
