// SPDX-License-Identifier: GPL-2.0
/*
 * Memory regions of memory that another driver owns.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>
#include <rdma/ib_umem.h>
#include <rdma/ib_verbs.h>

#include "umem_owned.h"

/**
 * DOC: memory regions
 *
 * It is a static importer. A peer may access a region until it is deregistered,
 * and user space does not see when; that the region goes away under its keys is
 * for drivers that have revocable regions of dma-bufs, which come by file
 * descriptor.
 *
 * The device and the CPU access a region at once, and nobody syncs it. So where
 * the device needs that, owned memory is refused.
 *
 * The memory stays the owner's to account: it is not charged to RLIMIT_MEMLOCK.
 *
 * Drivers without a DMA device, which access the region by the CPU, get a kernel
 * mapping in the place of a table. They access it as user space accesses its own
 * mapping, and need what that needs: who has the dma-buf syncs it by
 * DMA_BUF_IOCTL_SYNC.
 *
 * Some owners' memory has pages that GUP takes, such as videobuf2's behind an
 * IOMMU. If it is only a part of the region, or cannot be mapped for a region, as
 * without a kernel mapping, GUP is asked as before. What it takes is an ordinary
 * region. What an owner refuses stays refused. Regions on demand, and those of a
 * device that bounces all in an encrypted guest, are ib_umem_get_va()'s at once.
 */
static const struct vma_pin_client ib_umem_client = {
	.name = "ib_umem",
	.no_sync = true,
};

/**
 * struct ib_umem_owned - a umem of owned memory
 * @umem: what drivers see. Its table has DMA addresses alone, or is empty
 * @pin: the pages that the region touches
 * @vaddr: of @pin, for a device that has no table
 */
struct ib_umem_owned {
	struct ib_umem	umem;
	struct vma_pin	pin;
	void		*vaddr;
};

static struct ib_umem_owned *to_ib_umem_owned(struct ib_umem *umem)
{
	return container_of(umem, struct ib_umem_owned, umem);
}

/*
 * Drivers cut the table into pages, and take all but its end for whole ones. A
 * region ends where it ends, whatever else is in its last page.
 */
static bool ib_umem_is_pages(struct sg_table *sgt)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (offset_in_page(sg_dma_address(sg)))
			return false;
		if (offset_in_page(sg_dma_len(sg)) && i != sgt->nents - 1)
			return false;
	}
	return true;
}

static int ib_umem_owned_map_dma(struct ib_umem_owned *owned)
{
	struct ib_umem *umem = &owned->umem;
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&owned->pin, umem->ibdev->dma_device,
				       umem->writable ? DMA_BIDIRECTIONAL :
				       DMA_TO_DEVICE);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	if (!ib_umem_is_pages(sgt))
		return -EOPNOTSUPP;
	umem->sgt_append.sgt = *sgt;
	/* Nobody looks at pages: some entries have none, others the owner's */
	umem->sgt_append.sgt.orig_nents = 0;
	return 0;
}

static int ib_umem_owned_vmap(struct ib_umem_owned *owned)
{
	void *vaddr = vma_pin_vmap_unlocked(&owned->pin, owned->umem.writable ?
					    DMA_BIDIRECTIONAL :
					    DMA_FROM_DEVICE);

	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	/* Not begin_cpu_access, which has no end as long as there is the region */
	owned->vaddr = vaddr;
	return 0;
}

/* Any signal ends the wait for the lock of a dma-buf */
static int ib_umem_owned_map(struct ib_umem_owned *owned)
{
	int ret;

	if (ib_uses_virt_dma(owned->umem.ibdev))
		ret = ib_umem_owned_vmap(owned);
	else
		ret = ib_umem_owned_map_dma(owned);
	return ret == -EINTR ? -ERESTARTSYS : ret;
}

/*
 * 1 if it is pinned, 0 if it is for GUP, which judges holes, memory of several
 * owners and what is partly theirs. An errno if its owner refuses any of it: GUP
 * would not ask.
 */
static int ib_umem_owned_pin(struct ib_umem_owned *owned)
{
	unsigned long addr = untagged_addr(owned->umem.address), at;
	unsigned long end = PAGE_ALIGN(addr + owned->umem.length);
	unsigned int flags = owned->umem.writable ? VMA_PIN_WRITE : 0;
	ssize_t got;

	for (at = addr & PAGE_MASK; at < end; at = PAGE_ALIGN(at + got)) {
		got = vma_pin_user_prefix(&owned->pin, current->mm, at, end - at,
					  flags, &ib_umem_client);
		if (got < 0)
			return got == -EFAULT ? 0 : got;
		if (!vma_pin_is_owned(&owned->pin))
			continue;
		/* Memory may end within a page, and the region with it */
		if (at <= addr && at + got >= addr + owned->umem.length)
			return 1;
		vma_unpin(&owned->pin);
	}
	return 0;
}

static void ib_umem_owned_free(struct ib_umem_owned *owned)
{
	vma_unpin(&owned->pin);
	kfree(owned);
}

void ib_umem_owned_release(struct ib_umem *umem)
{
	ib_umem_owned_free(to_ib_umem_owned(umem));
}

/* NULL for what ib_umem_get_va() is to be asked */
static struct ib_umem *ib_umem_owned_get(struct ib_device *device,
					 unsigned long addr, size_t size,
					 int access)
{
	struct ib_umem_owned *owned;
	struct ib_umem *umem;
	unsigned long end;
	int ret;

	if (!size || check_add_overflow(addr, size, &end) ||
	    device->cc_dma_bounce || access & IB_ACCESS_ON_DEMAND)
		return NULL;
	owned = kzalloc_obj(*owned);
	if (!owned)
		return ERR_PTR(-ENOMEM);
	owned->umem.ibdev = device;
	owned->umem.address = addr;
	owned->umem.iova = addr;
	owned->umem.length = size;
	owned->umem.writable = ib_access_writable(access);
	owned->umem.is_owned = 1;
	ret = ib_umem_owned_pin(owned);
	if (ret <= 0) {
		kfree(owned);
		return ERR_PTR(ret);
	}
	ret = ib_umem_owned_map(owned);
	if (!ret)
		return &owned->umem;
	ib_umem_owned_free(owned);
	if (ret != -EOPNOTSUPP)
		return ERR_PTR(ret);
	/* What has pages was GUP's before there were owners */
	umem = ib_umem_get_va(device, addr, size, access);
	return umem == ERR_PTR(-EFAULT) ? ERR_PTR(ret) : umem;
}

/**
 * ib_umem_get_mr_va() - pin the user memory of a memory region
 * @device: IB device
 * @addr: user address in the current process
 * @size: length in bytes
 * @access: IB access flags
 *
 * As ib_umem_get_va(), and takes memory that another driver owns: a buffer of
 * the heaps, of videobuf2, or of whoever else is an owner. That stays until the
 * release, whatever becomes of its mapping, its file and its process. Its umem
 * is ib_umem_is_owned(), and has DMA addresses without pages; of a device without
 * DMA device it has no table, but ib_umem_vaddr(). So it is for drivers that
 * look at addresses only, and for memory regions: who reads a queue by
 * ib_umem_copy_from() needs pages, and gets -EINVAL.
 *
 * Context: Process context, takes mmap_lock, may sleep.
 * Return: the umem for ib_umem_release(), or an ERR_PTR: of memory that has no
 * owner, or several, what ib_umem_get_va() says; of owned memory what
 * vma_pin_user() and the mapping calls say, -ERESTARTSYS for a signal, and
 * -EOPNOTSUPP if it does not consist of whole pages or the device needs syncs.
 * If it cannot be mapped for that reason, but has pages, ib_umem_get_va() has the
 * last word.
 */
struct ib_umem *ib_umem_get_mr_va(struct ib_device *device, unsigned long addr,
				  size_t size, int access)
{
	struct ib_umem *umem = ib_umem_owned_get(device, addr, size, access);

	return umem ?: ib_umem_get_va(device, addr, size, access);
}
EXPORT_SYMBOL_GPL(ib_umem_get_mr_va);

/**
 * ib_umem_vaddr() - where does the CPU access a memory region?
 * @umem: what ib_umem_get_mr_va() returned
 *
 * Context: Any, until the release.
 * Return: the kernel address of the first byte of the region, or NULL if it is
 * ordinary memory, or the device has a table.
 */
void *ib_umem_vaddr(struct ib_umem *umem)
{
	void *vaddr = ib_umem_is_owned(umem) ? to_ib_umem_owned(umem)->vaddr : NULL;

	return vaddr ? vaddr + ib_umem_offset(umem) : NULL;
}
EXPORT_SYMBOL_GPL(ib_umem_vaddr);
