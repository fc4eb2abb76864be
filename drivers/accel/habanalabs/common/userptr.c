// SPDX-License-Identifier: GPL-2.0
/*
 * Host memory that user space passes by address.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>

#include "habanalabs.h"

#include <trace/events/habanalabs.h>

/**
 * DOC: userptrs of habanalabs
 *
 * Host memory is pinned for writing and mapped for the device either for a job,
 * by the packets of its command buffer, or for the device's MMU, until user space
 * unmaps it there. The pins of a job are on its list and end with the job. Those
 * of the MMU are in the hash of the context. A context, and every job of it, ends
 * after its file is closed: at once, or when the reset which that starts has
 * stopped what still runs.
 *
 * The device cannot be revoked: addresses in the command buffer of a running job
 * can only be waited for, and an MMU entry that vanishes under a running job is
 * an error which resets the device. So it is a static importer. Owners that may
 * take their memory back refuse it with -EOPNOTSUPP.
 */
static const struct vma_pin_client hl_pin_client = {
	.name = "habanalabs",
};

/* Longest segment: one &scatterlist entry holds it, and huge pages divide it */
#define HL_USERPTR_MAX_SEG	SZ_2G

static bool hl_sg_append(struct scatterlist *sg, dma_addr_t addr, u32 len)
{
	if (sg_dma_address(sg) + sg_dma_len(sg) != addr ||
	    (u64)sg_dma_len(sg) + len > HL_USERPTR_MAX_SEG)
		return false;
	sg_dma_len(sg) += len;
	return true;
}

/*
 * The device sees host memory at an offset, and its MMU has whole pages. The
 * table of a pin is not ours to change, a dma-buf may show it to others. So make
 * another, of DMA addresses only.
 */
static int hl_userptr_fill(struct sg_table *to, struct sg_table *from,
			   u64 offset)
{
	struct scatterlist *sg, *last = NULL;
	int i;

	to->nents = 0;
	for_each_sgtable_dma_sg(from, sg, i) {
		dma_addr_t addr = sg_dma_address(sg) + offset;

		if (last && hl_sg_append(last, addr, sg_dma_len(sg)))
			continue;
		if (last && !PAGE_ALIGNED(addr | (sg_dma_address(last) +
						  sg_dma_len(last))))
			return -EINVAL;
		last = last ? sg_next(last) : to->sgl;
		sg_dma_address(last) = addr;
		sg_dma_len(last) = sg_dma_len(sg);
		to->nents++;
	}
	return 0;
}

static struct sg_table *hl_userptr_table(struct sg_table *from, u64 offset)
{
	struct sg_table *sgt = kzalloc_obj(*sgt);
	int rc;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	rc = sg_alloc_table(sgt, from->nents, GFP_KERNEL);
	if (rc)
		goto free;
	rc = hl_userptr_fill(sgt, from, offset);
	if (!rc)
		return sgt;
	sg_free_table(sgt);
free:
	kfree(sgt);
	return ERR_PTR(rc);
}

/* Without the physical addresses: they are the owner's business */
static void hl_userptr_trace(struct hl_device *hdev, struct hl_userptr *userptr,
			     bool map)
{
	u64 offset = hdev->asic_prop.device_dma_offset_for_host_access;
	struct device *dev = &hdev->pdev->dev;
	struct scatterlist *sg;
	int i;

	if (!trace_habanalabs_dma_map_page_enabled() &&
	    !trace_habanalabs_dma_unmap_page_enabled())
		return;
	for_each_sgtable_dma_sg(userptr->sgt, sg, i) {
		u64 addr = sg_dma_address(sg) - offset;

		if (map)
			trace_habanalabs_dma_map_page(dev, 0, addr,
						      sg_dma_len(sg),
						      userptr->dir, __func__);
		else
			trace_habanalabs_dma_unmap_page(dev, 0, addr,
							sg_dma_len(sg),
							userptr->dir, __func__);
	}
}

static int hl_userptr_map(struct hl_device *hdev, struct hl_userptr *userptr)
{
	u64 offset = hdev->asic_prop.device_dma_offset_for_host_access;
	struct sg_table *sgt;
	int rc;

	sgt = vma_pin_map_dma_unlocked(&userptr->pin, &hdev->pdev->dev,
				       userptr->dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	/* The device's until it is unpinned: user space may look then */
	rc = vma_pin_sync_for_device(&userptr->pin);
	if (rc)
		return rc;
	sgt = hl_userptr_table(sgt, offset);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	userptr->sgt = sgt;
	hl_userptr_trace(hdev, userptr, true);
	return 0;
}

/**
 * hl_pin_host_memory() - pin a chunk of host memory and map it for the device
 * @hdev: pointer to the habanalabs device structure
 * @addr: the host virtual address of the memory area
 * @size: the size of the memory area
 * @userptr: pointer to hl_userptr structure, zeroed
 * @dir: direction of the transfers
 *
 * Context: As vma_pin_user().
 * Return: 0, or the errno of vma_pin_user() or vma_pin_map_dma_unlocked(). -EINVAL, too,
 * for memory that is not made of whole pages between its ends.
 */
int hl_pin_host_memory(struct hl_device *hdev, u64 addr, u64 size,
		       struct hl_userptr *userptr, enum dma_data_direction dir)
{
	int rc;

	userptr->pid = current->pid;
	userptr->addr = addr;
	userptr->size = size;
	userptr->dir = dir;
	INIT_LIST_HEAD(&userptr->job_node);

	rc = vma_pin_user(&userptr->pin, addr, size, VMA_PIN_WRITE,
			  &hl_pin_client);
	if (rc)
		goto err;
	rc = hl_userptr_map(hdev, userptr);
	if (rc)
		goto err_unpin;

	hl_debugfs_add_userptr(hdev, userptr);
	return 0;

err_unpin:
	vma_unpin(&userptr->pin);
err:
	dev_err(hdev->dev, "failed (%d) to pin user memory %#llx, size %#llx\n",
		rc, addr, size);
	return rc;
}

/**
 * hl_unpin_host_memory() - let go of a chunk of host memory
 * @hdev: pointer to the habanalabs device structure
 * @userptr: pinned by hl_pin_host_memory(); also taken off its job's list
 *
 * Context: As vma_unpin(). The device no longer accesses the memory.
 */
void hl_unpin_host_memory(struct hl_device *hdev, struct hl_userptr *userptr)
{
	hl_debugfs_remove_userptr(hdev, userptr);
	list_del(&userptr->job_node);
	hl_userptr_trace(hdev, userptr, false);
	sg_free_table(userptr->sgt);
	kfree(userptr->sgt);
	vma_unpin(&userptr->pin);
}
