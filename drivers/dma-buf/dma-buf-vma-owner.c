// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of memory that is mapped through a dma-buf.
 */
#include <linux/dma-buf.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/vma_owner.h>

#include "dma-buf-vma-owner.h"

/**
 * DOC: dma-buf as owner
 *
 * What it takes from an exporter that user space passes by address, with or
 * without dma_buf_vma_owner_ops:
 *
 * - &dma_buf_ops.map_dma_buf, for any device and of the whole buffer. It is
 *   asked for DMA_BIDIRECTIONAL if the device writes, for DMA_TO_DEVICE if not.
 *   For a device that bounces or is not coherent, &vma_owner_obj_ops.sync has to
 *   tell how that is synced.
 * - &dma_buf_ops.vmap for importers that use the CPU, such as
 *   videobuf2-vmalloc. If there is none, or if it gives I/O memory, they get
 *   -EOPNOTSUPP.
 * - &dma_buf_ops.begin_cpu_access and &dma_buf_ops.end_cpu_access for user
 *   space, for importers by fd, and for vma_pin_vmap() if the owner does not say
 *   how it syncs. They sync what importers have mapped, not a mapping of the
 *   exporter; an exporter of cached memory has the list of these from
 *   dma_buf_sync_add() and dma_buf_sync_del(), and syncs it by
 *   dma_buf_sync_for_cpu() and dma_buf_sync_for_device(). They may sleep and
 *   fail, and are called without the dma_resv, by several pins at once, and when
 *   a process exits: they do not wait for user space.
 */

static void dma_buf_vma_owner_put(void *obj)
{
	dma_buf_put(obj);
}

static struct dma_buf *dma_buf_vma_owner_get_dmabuf(void *obj)
{
	struct dma_buf *dmabuf = obj;

	get_dma_buf(dmabuf);
	return dmabuf;
}

static enum vma_owner_sync dma_buf_vma_owner_cached(void *obj)
{
	return VMA_OWNER_SYNC_DMA;
}

static const struct vma_owner_obj_ops dma_buf_vma_owner_obj_ops = {
	.name		= "dma-buf",
	.put		= dma_buf_vma_owner_put,
	.get_dmabuf	= dma_buf_vma_owner_get_dmabuf,
};

static const struct vma_owner_obj_ops dma_buf_cached_vma_owner_obj_ops = {
	.name		= "dma-buf",
	.put		= dma_buf_vma_owner_put,
	.get_dmabuf	= dma_buf_vma_owner_get_dmabuf,
	.sync		= dma_buf_vma_owner_cached,
};

static int dma_buf_vma_owner_get(const struct vma_owner_query *q,
				 struct vma_owner_ref *ref,
				 const struct vma_owner_obj_ops *ops)
{
	struct dma_buf *dmabuf = dma_buf_of_file(q->file);

	if (!dmabuf)
		return -ENOENT;
	/* The VMA holds the file, and the file the exporter's module */
	get_dma_buf(dmabuf);
	*ref = (struct vma_owner_ref) {
		.ops	= ops,
		.obj	= dmabuf,
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= dmabuf->size,
	};
	return 0;
}

static int dma_buf_vma_owner_tryget(const struct vma_owner_query *q,
				    struct vma_owner_ref *ref)
{
	return dma_buf_vma_owner_get(q, ref, &dma_buf_vma_owner_obj_ops);
}

static int dma_buf_cached_vma_owner_tryget(const struct vma_owner_query *q,
					   struct vma_owner_ref *ref)
{
	return dma_buf_vma_owner_get(q, ref, &dma_buf_cached_vma_owner_obj_ops);
}

/* Owner of any mapping of a dma-buf that is linear in &vm_area_struct.vm_pgoff */
const struct vma_owner_ops dma_buf_vma_owner_ops = {
	.tryget = dma_buf_vma_owner_tryget,
};
EXPORT_SYMBOL_GPL(dma_buf_vma_owner_ops);

/* The same of cached memory, see &enum vma_owner_sync */
const struct vma_owner_ops dma_buf_cached_vma_owner_ops = {
	.tryget = dma_buf_cached_vma_owner_tryget,
};
EXPORT_SYMBOL_GPL(dma_buf_cached_vma_owner_ops);

static const struct vm_operations_struct dma_buf_owned_vm_ops = {
	.owner_ops = &dma_buf_vma_owner_ops,
};

static const struct vm_operations_struct dma_buf_cached_vm_ops = {
	.owner_ops = &dma_buf_cached_vma_owner_ops,
};

/*
 * Operations of an exporter, or of who has imported it and has dma_buf_mmap() fill
 * a VMA of his, would be lost here: such a VMA stays without an owner.
 */
static void dma_buf_give_vma(struct vm_area_struct *vma,
			     const struct vm_operations_struct *ops)
{
	const struct vm_operations_struct *old = vma->vm_ops;

	if (old && (old->open || old->close || old->fault))
		pr_warn_once("dma-buf: a mapping with operations of %ps gets no owner\n",
			     old);
	else
		vma->vm_ops = ops;
}

/**
 * dma_buf_own_vma() - name the dma-buf as owner of a VMA without operations
 * @vma: VMA that an exporter's mmap is about to fill, linear in its vm_pgoff
 *
 * For exporters that map all pages at once and so have no
 * &vm_operations_struct of their own; others set
 * &vm_operations_struct.owner_ops to dma_buf_vma_owner_ops.
 *
 * Context: &dma_buf_ops.mmap.
 */
void dma_buf_own_vma(struct vm_area_struct *vma)
{
	dma_buf_give_vma(vma, &dma_buf_owned_vm_ops);
}
EXPORT_SYMBOL_GPL(dma_buf_own_vma);

/**
 * dma_buf_own_cached_vma() - the same, of memory that the CPU caches
 * @vma: as for dma_buf_own_vma()
 *
 * As dma_buf_own_vma(), with dma_buf_cached_vma_owner_ops.
 *
 * Context: &dma_buf_ops.mmap.
 */
void dma_buf_own_cached_vma(struct vm_area_struct *vma)
{
	dma_buf_give_vma(vma, &dma_buf_cached_vm_ops);
}
EXPORT_SYMBOL_GPL(dma_buf_own_cached_vma);
