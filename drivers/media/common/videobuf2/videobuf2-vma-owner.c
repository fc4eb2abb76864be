// SPDX-License-Identifier: GPL-2.0
/*
 * videobuf2 as owner of the memory that its buffers map.
 */
#include <linux/export.h>
#include <linux/mm.h>

#include <media/videobuf2-memops.h>
#include <media/videobuf2-vma-owner.h>

/*
 * The VMA holds a reference to the buffer, see vb2_common_vm_open(), so taking
 * one more is a plain increment. It shows in num_users: while somebody has
 * pinned a buffer it reports V4L2_BUF_FLAG_MAPPED, and REQBUFS(0) orphans it
 * instead of freeing it, as it does for one that is still mapped or exported.
 */
static int vb2_vma_tryget(const struct vma_owner_query *q,
			  struct vma_owner_ref *ref)
{
	struct vb2_vmarea_handler *h = q->private_data;

	if (!h->owner)
		return -ENOENT;
	refcount_inc(h->refcount);
	*ref = (struct vma_owner_ref) {
		.ops	= h->owner,
		.obj	= h->arg,
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= h->size,
	};
	return 0;
}

/* For vb2_common_vm_ops: owns the buffers whose handler names an owner */
const struct vma_owner_ops vb2_vma_owner_ops = {
	.tryget = vb2_vma_tryget,
};
EXPORT_SYMBOL_GPL(vb2_vma_owner_ops);
