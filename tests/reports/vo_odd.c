// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that is mapped as people out of the tree map theirs.
 *
 *	/dev/vo_block	pages of one block, of which only the first is counted, and
 *			their PTEs are special
 *	/dev/vo_ptes	VM_MIXEDMAP, with an owner. Its PTEs have pages, or are special
 *			after a write() of "s"; "p" brings the pages back
 *	/dev/vo_mixed	the same without an owner
 *	/dev/vo_io	VM_IO over pages, with an owner
 *
 * Each open makes an object of VO_PAGES pages, which is freed with the last
 * reference to it. And a UIO device "vo_uio", whose memory is a range that the
 * kernel does not use, given by phys=.
 */
#include <linux/bits.h>
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio_driver.h>
#include <linux/vma_owner.h>

#include "vo_misc.h"

#define VO_ORDER	4
#define VO_PAGES	BIT(VO_ORDER)
#define VO_SIZE		(VO_PAGES * PAGE_SIZE)

static unsigned long phys = 0x30200000;
module_param(phys, ulong, 0444);

/* In the order of their names above */
enum vo_kind { VO_BLOCK, VO_PTES, VO_MIXED, VO_IO, VO_KINDS };

struct vo_odd {
	struct kref	refs;
	enum vo_kind	kind;
	struct page	*pages;
	bool		special;
};

static void vo_free(struct kref *refs)
{
	struct vo_odd *obj = container_of(refs, struct vo_odd, refs);
	unsigned int i;

	if (obj->kind == VO_BLOCK) {
		__free_pages(obj->pages, VO_ORDER);
	} else {
		for (i = 0; i < VO_PAGES; i++)
			__free_page(obj->pages + i);
	}
	kfree(obj);
}

static void vo_put(void *priv)
{
	struct vo_odd *obj = priv;

	kref_put(&obj->refs, vo_free);
}

static int vo_get_extents(void *priv, u64 offset, u64 len,
			  struct vma_owner_extents *x)
{
	struct vo_odd *obj = priv;

	x->vec = kmalloc_obj(*x->vec);
	if (!x->vec)
		return -ENOMEM;
	x->vec[0].paddr = page_to_phys(obj->pages) + offset;
	x->vec[0].len = len;
	x->nr = 1;
	return 0;
}

static void vo_put_extents(void *priv, struct vma_owner_extents *x)
{
	kfree(x->vec);
}

static int vo_vmap(void *priv, struct iosys_map *map)
{
	struct vo_odd *obj = priv;

	iosys_map_set_vaddr(map, page_address(obj->pages));
	return 0;
}

static void vo_vunmap(void *priv, struct iosys_map *map)
{
}

static const struct vma_owner_obj_ops vo_odd_ops = {
	.name		= "vo_odd",
	.module		= THIS_MODULE,
	.put		= vo_put,
	.get_extents	= vo_get_extents,
	.put_extents	= vo_put_extents,
	.vmap		= vo_vmap,
	.vunmap		= vo_vunmap,
};

/* The VMA holds the file, and that a reference */
static int vo_tryget(const struct vma_owner_query *q, struct vma_owner_ref *ref)
{
	struct vo_odd *obj = q->private_data;

	kref_get(&obj->refs);
	*ref = (struct vma_owner_ref) {
		.ops	= &vo_odd_ops,
		.obj	= obj,
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= VO_SIZE,
	};
	return 0;
}

static const struct vma_owner_ops vo_owner_ops = {
	.tryget = vo_tryget,
};

static vm_fault_t vo_fault(struct vm_fault *vmf)
{
	struct vo_odd *obj = vmf->vma->vm_private_data;
	struct page *page = obj->pages + vmf->pgoff;

	if (obj->kind == VO_BLOCK)
		return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
	if (READ_ONCE(obj->special))
		return vmf_insert_mixed(vmf->vma, vmf->address, page_to_pfn(page));
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct vo_vm_ops = {
	.fault		= vo_fault,
	.owner_ops	= &vo_owner_ops,
};

static const struct vm_operations_struct vo_vm_ops_without_owner = {
	.fault		= vo_fault,
};

static int vo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vo_odd *obj = file->private_data;
	unsigned long pgoff = vma->vm_pgoff;

	if (pgoff >= VO_PAGES || vma_pages(vma) > VO_PAGES - pgoff ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (obj->kind == VO_BLOCK)
		vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	else if (obj->kind == VO_IO)
		vm_flags_set(vma, VM_IO);
	else
		vm_flags_set(vma, VM_MIXEDMAP);
	vma->vm_ops = obj->kind == VO_MIXED ? &vo_vm_ops_without_owner : &vo_vm_ops;
	vma->vm_private_data = obj;
	return 0;
}

static ssize_t vo_write(struct file *file, const char __user *from, size_t len,
			loff_t *pos)
{
	struct vo_odd *obj = file->private_data;
	char kind;

	if (get_user(kind, from))
		return -EFAULT;
	if (obj->kind != VO_PTES || (kind != 's' && kind != 'p'))
		return -EINVAL;
	WRITE_ONCE(obj->special, kind == 's');
	unmap_mapping_range(file->f_mapping, 0, 0, 1);
	return len;
}

static int vo_release(struct inode *inode, struct file *file)
{
	vo_put(file->private_data);
	return 0;
}

static int vo_open(struct inode *inode, struct file *file);

static const struct file_operations vo_fops = {
	.owner		= THIS_MODULE,
	.open		= vo_open,
	.release	= vo_release,
	.mmap		= vo_mmap,
	.write		= vo_write,
};

static struct miscdevice vo_devices[VO_KINDS] = {
	[VO_BLOCK] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
		       .name = "vo_block" },
	[VO_PTES] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
		      .name = "vo_ptes" },
	[VO_MIXED] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
		       .name = "vo_mixed" },
	[VO_IO] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
		    .name = "vo_io" },
};

/* misc_open() has left the device in private_data */
static int vo_open(struct inode *inode, struct file *file)
{
	const struct miscdevice *dev = file->private_data;
	struct vo_odd *obj __free(kfree) = kzalloc_obj(*obj);

	if (!obj)
		return -ENOMEM;
	obj->pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, VO_ORDER);
	if (!obj->pages)
		return -ENOMEM;
	kref_init(&obj->refs);
	obj->kind = dev - vo_devices;
	if (obj->kind != VO_BLOCK)
		split_page(obj->pages, VO_ORDER);
	file->private_data = no_free_ptr(obj);
	return 0;
}

/* ------------------------------------------------------------------------- */
/* UIO                                                                       */

static struct platform_device *vo_parent;

static struct uio_info vo_uio = {
	.name		= "vo_uio",
	.version	= "1",
	.irq		= UIO_IRQ_NONE,
	.mem[0]		= { .name = "phys", .memtype = UIO_MEM_PHYS, .size = VO_SIZE },
};

static int vo_uio_register(void)
{
	int ret;

	vo_parent = platform_device_register_simple("vo_uio", -1, NULL, 0);
	if (IS_ERR(vo_parent))
		return PTR_ERR(vo_parent);
	vo_uio.mem[0].addr = phys;
	ret = uio_register_device(&vo_parent->dev, &vo_uio);
	if (ret)
		platform_device_unregister(vo_parent);
	return ret;
}

static int __init vo_init(void)
{
	int ret = vo_uio_register();

	if (ret)
		return ret;
	ret = vo_misc_register(vo_devices, VO_KINDS);
	if (ret) {
		uio_unregister_device(&vo_uio);
		platform_device_unregister(vo_parent);
	}
	return ret;
}
module_init(vo_init);

static void __exit vo_exit(void)
{
	vo_misc_deregister(vo_devices, VO_KINDS);
	uio_unregister_device(&vo_uio);
	platform_device_unregister(vo_parent);
}
module_exit(vo_exit);

MODULE_DESCRIPTION("Owner of memory that is mapped in odd ways, for tests");
MODULE_LICENSE("GPL");
