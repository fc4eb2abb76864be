// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BARs of an open device, as memory that has an owner.
 */
#include <linux/kref.h>
#include <linux/pci-p2pdma.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>

#include "vfio_pci_priv.h"

/**
 * DOC: BARs of VFIO devices
 *
 * Each open device has one &struct vfio_pci_owner, and with it one revoke
 * handle for all of its BARs. It is made when the device is opened and ends when
 * the device is closed, by a permanent revoke: whoever has pinned a BAR holds
 * neither the device nor its registration, and after the close nothing of
 * either is looked at. The next open has another owner, so a pin of before does
 * not come to life again.
 *
 * In between the memory is taken away and given back together with the dma-bufs
 * of the BARs, by vfio_pci_dma_buf_move(): around writes to the command
 * register, D3hot, low power and every reset that goes through VFIO. The ones
 * that do not, sysfs' ``reset`` and error recovery, reach neither.
 *
 * The order of the locks is mmap_lock, &vfio_pci_core_device.memory_lock, the
 * lock of the pin, leaf locks of the importer. memory_lock keeps page faults
 * out from before the zap, so the fault handlers do without
 * vma_owner_fault_enter(), and each place that revokes zaps by itself. They
 * and pins wait for it, and so for the end of a reset.
 *
 * A device that wakes up by itself gives the memory back in its runtime resume,
 * for which everybody waits who accesses the device. The resume takes
 * memory_lock and waits, as elsewhere, for calls that hold the lock of a pin. It
 * does not wait for a drain: to give back has none. So what an importer does with
 * the lock of a pin held must not resume the device, just as it must not take
 * memory_lock: it programs an IOMMU, or a device of its own, and allocates. To
 * reclaim memory for that needs no VFIO device awake.
 */

struct vfio_pci_owned_bar {
	struct vfio_pci_owner *owner;
	unsigned int index;
};

struct vfio_pci_owner {
	struct kref kref;
	/* Looked at with the lock of a pin, before the permanent revoke */
	struct vfio_pci_core_device *vdev;
	struct vma_owner_revoke *revoke;
	/* A revoke of ours stands; guarded by memory_lock */
	bool revoked;
	struct vfio_pci_owned_bar bars[PCI_STD_NUM_BARS];
};

static const struct vma_owner_revoke_ops vfio_pci_owner_revoke_ops = {
	.name = "vfio-pci",
};

static void vfio_pci_owner_free(struct kref *kref)
{
	struct vfio_pci_owner *owner =
		container_of(kref, struct vfio_pci_owner, kref);

	vma_owner_revoke_put(owner->revoke);
	kfree(owner);
}

static void vfio_pci_bar_put(void *obj)
{
	struct vfio_pci_owned_bar *bar = obj;

	kref_put(&bar->owner->kref, vfio_pci_owner_free);
}

static struct vma_owner_revoke *vfio_pci_bar_revocable(void *obj)
{
	struct vfio_pci_owned_bar *bar = obj;

	return bar->owner->revoke;
}

/*
 * Does the driver itself say where the memory of its regions is? Without dma-bufs
 * none can, and the core's stub has an address in each object.
 */
static bool vfio_pci_owner_has_phys(struct vfio_pci_core_device *vdev)
{
	return IS_ENABLED(CONFIG_VFIO_PCI_DMABUF) &&
	       vdev->pci_ops && vdev->pci_ops->get_dmabuf_phys &&
	       vdev->pci_ops->get_dmabuf_phys != vfio_pci_core_get_dmabuf_phys;
}

/* What mmap allows: the rest of the last page is reserved, or the driver's */
static u64 vfio_pci_bar_size(struct vfio_pci_core_device *vdev,
			     unsigned int index)
{
	if (vfio_pci_owner_has_phys(vdev))
		return VFIO_PCI_OFFSET_MASK + 1;
	return PAGE_ALIGN(pci_resource_len(vdev->pdev, index));
}

static int vfio_pci_bar_phys(const struct vfio_pci_owned_bar *bar, u64 offset,
			     u64 len, struct vma_owner_extents *x)
{
	struct vfio_pci_core_device *vdev = bar->owner->vdev;
	struct vfio_region_dma_range range = {
		.offset = offset,
		.length = len,
	};

	if (vfio_pci_owner_has_phys(vdev))
		return vdev->pci_ops->get_dmabuf_phys(vdev, &x->provider,
						      bar->index, x->vec,
						      &range, 1);
	x->provider = pcim_p2pdma_provider(vdev->pdev, bar->index);
	x->vec->paddr = pci_resource_start(vdev->pdev, bar->index) + offset;
	x->vec->len = len;
	return 0;
}

static int vfio_pci_bar_get_extents(void *obj, u64 offset, u64 len,
				    struct vma_owner_extents *x)
{
	int ret;

	x->vec = kzalloc_obj(*x->vec);
	if (!x->vec)
		return -ENOMEM;
	x->nr = 1;
	x->type = VMA_OWNER_MMIO;
	x->prot = pgprot_noncached(PAGE_KERNEL);
	ret = vfio_pci_bar_phys(obj, offset, len, x);
	if (ret)
		kfree(x->vec);
	return ret;
}

static void vfio_pci_bar_put_extents(void *obj, struct vma_owner_extents *x)
{
	kfree(x->vec);
}

static const struct vma_owner_obj_ops vfio_pci_bar_ops = {
	.name		= "vfio-pci",
	.module		= THIS_MODULE,
	.put		= vfio_pci_bar_put,
	.get_extents	= vfio_pci_bar_get_extents,
	.put_extents	= vfio_pci_bar_put_extents,
	.revocable	= vfio_pci_bar_revocable,
};

/* For a reset, as a page fault does; but not who would get nothing afterwards */
static int vfio_pci_owner_wait(struct vfio_pci_core_device *vdev,
			       const struct vma_owner_query *q)
{
	if (!q->revocable)
		return 0;
	if (down_read_killable(&vdev->memory_lock))
		return -EINTR;
	up_read(&vdev->memory_lock);
	return 0;
}

/* The VMA holds the file, and so keeps the device open */
static int vfio_pci_owner_tryget(const struct vma_owner_query *q,
				 struct vma_owner_ref *ref)
{
	struct vfio_pci_core_device *vdev = q->private_data;
	struct vfio_pci_owner *owner = vdev->owner;
	u64 pos = (u64)q->pgoff << PAGE_SHIFT;
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(pos);
	int ret;

	if (index >= PCI_STD_NUM_BARS)
		return -ENOENT;
	if (!owner)
		return -ENOMEM;
	ret = vfio_pci_owner_wait(vdev, q);
	if (ret)
		return ret;
	kref_get(&owner->kref);
	*ref = (struct vma_owner_ref) {
		.ops	= &vfio_pci_bar_ops,
		.obj	= &owner->bars[index],
		.offset	= pos & VFIO_PCI_OFFSET_MASK,
		.size	= vfio_pci_bar_size(vdev, index),
	};
	return 0;
}

/*
 * For VMAs of BARs, whose vm_private_data is the device and whose vm_pgoff is
 * what mmap() was given
 */
const struct vma_owner_ops vfio_pci_owner_ops = {
	.tryget = vfio_pci_owner_tryget,
};
EXPORT_SYMBOL_GPL(vfio_pci_owner_ops);

static struct vfio_pci_owner *
vfio_pci_owner_alloc(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_owner *owner;
	unsigned int i;

	owner = kzalloc_obj(*owner, GFP_KERNEL_ACCOUNT);
	if (!owner)
		return NULL;
	owner->revoke = vma_owner_revoke_create(&vfio_pci_owner_revoke_ops,
						owner);
	if (IS_ERR(owner->revoke)) {
		kfree(owner);
		return NULL;
	}
	kref_init(&owner->kref);
	owner->vdev = vdev;
	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		owner->bars[i].owner = owner;
		owner->bars[i].index = i;
	}
	return owner;
}

static bool vfio_pci_owner_accessible(struct vfio_pci_core_device *vdev)
{
	return !vdev->pm_runtime_engaged && __vfio_pci_memory_enabled(vdev);
}

/**
 * vfio_pci_owner_begin() - own the BARs of a device that is being opened
 * @vdev: the device
 *
 * For want of memory it stays without: the BARs can be mapped, and pins of them
 * fail.
 *
 * Context: Process context, may sleep. Nobody can have mapped a BAR yet.
 */
void vfio_pci_owner_begin(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_owner *owner = vfio_pci_owner_alloc(vdev);

	if (!owner)
		return;
	down_write(&vdev->memory_lock);
	vdev->owner = owner;
	if (!vfio_pci_owner_accessible(vdev))
		vfio_pci_owner_move(vdev, true);
	up_write(&vdev->memory_lock);
}

/**
 * vfio_pci_owner_end() - take the BARs of a closed device back for good
 * @vdev: the device
 *
 * On return no importer reaches them, and none ever looks at @vdev again.
 *
 * Context: Process context, may sleep. No VMA of a BAR is left. memory_lock is
 * not held.
 */
void vfio_pci_owner_end(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_owner *owner;

	/* A device in low power may wake up just now */
	down_write(&vdev->memory_lock);
	owner = vdev->owner;
	vdev->owner = NULL;
	up_write(&vdev->memory_lock);
	if (!owner)
		return;
	vma_owner_revoke(owner->revoke, VMA_OWNER_PERMANENT);
	kref_put(&owner->kref, vfio_pci_owner_free);
}

/**
 * vfio_pci_owner_move() - take the BARs back for a while, or give them back
 * @vdev: the device, open or not
 * @revoked: take them back
 *
 * Called whenever they may have come or gone, for whatever reason, and so more
 * than once in a row. It goes by the state of the device, of which power and
 * decode must be on before they are given back; the core counts.
 *
 * Context: memory_lock is held for writing, across the drain as well: an
 * importer must not fault in a BAR of a VFIO device, nor pin one or ask
 * vma_pin_still_there(), between vma_pin_enter() and vma_pin_exit().
 */
void vfio_pci_owner_move(struct vfio_pci_core_device *vdev, bool revoked)
{
	struct vfio_pci_owner *owner = vdev->owner;

	lockdep_assert_held_write(&vdev->memory_lock);
	if (!owner || owner->revoked == revoked)
		return;
	if (!revoked && !vfio_pci_owner_accessible(vdev))
		return;
	owner->revoked = revoked;
	if (revoked)
		vma_owner_revoke(owner->revoke, VMA_OWNER_TEMPORARY);
	else
		vma_owner_restore(owner->revoke);
}
