// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kernfs hands on of a VMA besides faults: who owns its memory, and faults of
 * more than a page.
 */
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/vma_owner.h>

#include "kernfs-internal.h"

static struct kernfs_open_file *kernfs_vma_of(struct file *file)
{
	return ((struct seq_file *)file->private_data)->private;
}

/* As in file.c, for a file that is mapped: its ->release() may have been called */
static bool kernfs_vma_get_active(struct kernfs_open_file *of)
{
	return !of->released && kernfs_get_active(of->kn);
}

/*
 * kernfs_vm_ops stands in for the vm_ops that ->mmap() has set, of which there
 * are one for all mappings of a file. They are not called when the node is being
 * removed: what they would say of its memory is not true any more.
 */
static int kernfs_vma_tryget(const struct vma_owner_query *q,
			     struct vma_owner_ref *ref)
{
	struct kernfs_open_file *of = kernfs_vma_of(q->file);
	int ret;

	if (!of->vm_ops || !of->vm_ops->owner_ops)
		return -ENOENT;
	if (!kernfs_vma_get_active(of))
		return -ENODEV;
	ret = of->vm_ops->owner_ops->tryget(q, ref);
	kernfs_put_active(of->kn);
	return ret;
}

const struct vma_owner_ops kernfs_vma_owner_ops = {
	.tryget	= kernfs_vma_tryget,
};

/**
 * kernfs_vma_huge_fault() - hand on a fault of more than a page
 * @vmf: the fault
 * @order: of how many pages
 *
 * Context: As &vm_operations_struct.huge_fault.
 * Return: What the file's own handler says; VM_FAULT_FALLBACK if it has none;
 * VM_FAULT_SIGBUS if the node is being removed.
 */
vm_fault_t kernfs_vma_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct kernfs_open_file *of = kernfs_vma_of(vmf->vma->vm_file);
	vm_fault_t ret;

	if (!of->vm_ops || !of->vm_ops->huge_fault)
		return VM_FAULT_FALLBACK;
	if (!kernfs_vma_get_active(of))
		return VM_FAULT_SIGBUS;
	ret = of->vm_ops->huge_fault(vmf, order);
	kernfs_put_active(of->kn);
	return ret;
}
