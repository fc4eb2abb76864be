// SPDX-License-Identifier: GPL-2.0
/*
 * An owner with nothing but extents, for tests.
 *
 * Each open of one of the devices below makes an object of VO_PAGES pages of
 * RAM, and every mapping of the file shows it. Nothing but its owner knows
 * which pages those are: the mappings are VM_PFNMAP, and there is no dma-buf.
 *
 *	/dev/vo_extents			one extent, no kernel mapping
 *	/dev/vo_extents_scattered	an extent for each page, in falling order
 *	/dev/vo_extents_vmap		one extent and a kernel mapping
 *	/dev/vo_extents_pieces		an extent for each page, in rising order,
 *					within reach of devices of 32 bits
 *
 * A fifth, /dev/vo_phys, tells the tests where memory like that lies, and read() at
 * such a place what is in it, also when it is mapped no more.
 */
#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>

#include "vo_misc.h"
#include "vo_phys.h"

#define VO_ORDER	5
#define VO_PAGES	BIT(VO_ORDER)
#define VO_SIZE		(VO_PAGES * PAGE_SIZE)

/**
 * struct vo_object - memory with an owner
 * @refs: the open file's and those of pins
 * @ops: what can be done with it
 * @pages: one block of 2^VO_ORDER pages
 * @scattered: its pages come in falling order
 * @pieces: each page is an extent
 */
struct vo_object {
	struct kref				refs;
	const struct vma_owner_obj_ops		*ops;
	struct page				*pages;
	bool					scattered;
	bool					pieces;
};

static phys_addr_t vo_page_phys(const struct vo_object *obj, unsigned int i)
{
	if (obj->scattered)
		i = VO_PAGES - 1 - i;
	return page_to_phys(obj->pages) + i * PAGE_SIZE;
}

static void vo_free(struct kref *refs)
{
	struct vo_object *obj = container_of(refs, struct vo_object, refs);

	__free_pages(obj->pages, VO_ORDER);
	kfree(obj);
}

/* ------------------------------------------------------------------------- */
/* The owner                                                                 */

static void vo_put(void *priv)
{
	struct vo_object *obj = priv;

	kref_put(&obj->refs, vo_free);
}

/* The VMA holds the file, and that a reference: see vo_open() */
static int vo_tryget(const struct vma_owner_query *q, struct vma_owner_ref *ref)
{
	struct vo_object *obj = q->private_data;

	kref_get(&obj->refs);
	*ref = (struct vma_owner_ref) {
		.ops	= obj->ops,
		.obj	= obj,
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= VO_SIZE,
	};
	return 0;
}

static int vo_get_extents(void *priv, u64 offset, u64 len,
			  struct vma_owner_extents *x)
{
	struct vo_object *obj = priv;
	u64 step = obj->pieces ? PAGE_SIZE : VO_SIZE;

	x->vec = kcalloc(VO_PAGES, sizeof(*x->vec), GFP_KERNEL);
	if (!x->vec)
		return -ENOMEM;
	x->type = VMA_OWNER_RAM;
	x->prot = PAGE_KERNEL;
	x->nr = 0;
	while (len) {
		u64 in = offset & (step - 1);
		u64 n = min(len, step - in);

		x->vec[x->nr].paddr = vo_page_phys(obj, offset >> PAGE_SHIFT) +
				      offset_in_page(offset);
		x->vec[x->nr++].len = n;
		offset += n;
		len -= n;
	}
	return 0;
}

static void vo_put_extents(void *priv, struct vma_owner_extents *x)
{
	kfree(x->vec);
}

static int vo_vmap(void *priv, struct iosys_map *map)
{
	struct vo_object *obj = priv;

	iosys_map_set_vaddr(map, page_address(obj->pages));
	return 0;
}

static void vo_vunmap(void *priv, struct iosys_map *map)
{
}

static const struct vma_owner_obj_ops vo_extents_ops = {
	.name		= "vo_extents",
	.module		= THIS_MODULE,
	.put		= vo_put,
	.get_extents	= vo_get_extents,
	.put_extents	= vo_put_extents,
};

static const struct vma_owner_obj_ops vo_vmap_ops = {
	.name		= "vo_extents_vmap",
	.module		= THIS_MODULE,
	.put		= vo_put,
	.get_extents	= vo_get_extents,
	.put_extents	= vo_put_extents,
	.vmap		= vo_vmap,
	.vunmap		= vo_vunmap,
};

static const struct vma_owner_ops vo_owner_ops = {
	.tryget = vo_tryget,
};

static const struct vm_operations_struct vo_vm_ops = {
	.owner_ops = &vo_owner_ops,
};

/* ------------------------------------------------------------------------- */
/* The devices                                                               */

static int vo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vo_object *obj = file->private_data;
	unsigned long addr, pgoff = vma->vm_pgoff;
	int ret = 0;

	if (pgoff >= VO_PAGES || vma_pages(vma) > VO_PAGES - pgoff ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	for (addr = vma->vm_start; addr < vma->vm_end && !ret; addr += PAGE_SIZE)
		ret = remap_pfn_range(vma, addr,
				      PHYS_PFN(vo_page_phys(obj, pgoff++)),
				      PAGE_SIZE, vma->vm_page_prot);
	if (ret)
		return ret;
	vma->vm_ops = &vo_vm_ops;
	vma->vm_private_data = obj;
	return 0;
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
};

static long vo_phys(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct follow_pfnmap_args args = {};
	u64 __user *to = (u64 __user *)arg;
	struct mm_struct *mm = current->mm;
	u64 addr, phys;
	int ret;

	if (cmd != VO_PHYS)
		return -ENOTTY;
	if (get_user(addr, to))
		return -EFAULT;
	mmap_read_lock(mm);
	args.address = addr;
	args.vma = vma_lookup(mm, addr);
	ret = args.vma ? follow_pfnmap_start(&args) : -EFAULT;
	if (!ret) {
		phys = PFN_PHYS(args.pfn) + offset_in_page(addr);
		follow_pfnmap_end(&args);
	}
	mmap_read_unlock(mm);
	return ret ? ret : put_user(phys, to);
}

/* Of one page, as the kernel sees it */
static ssize_t vo_phys_read(struct file *file, char __user *to, size_t len,
			    loff_t *pos)
{
	unsigned long pfn = PHYS_PFN(*pos);
	unsigned int in = offset_in_page(*pos);

	if (!pfn_valid(pfn) || len > PAGE_SIZE - in)
		return -EINVAL;
	return copy_to_user(to, page_address(pfn_to_page(pfn)) + in, len) ?
	       -EFAULT : len;
}

static const struct file_operations vo_phys_fops = {
	.owner		= THIS_MODULE,
	.read		= vo_phys_read,
	.unlocked_ioctl	= vo_phys,
};

enum { VO_ONE, VO_SCATTERED, VO_VMAP, VO_PIECES, VO_WHERE };

static struct miscdevice vo_devices[] = {
	[VO_ONE] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
		     .name = "vo_extents" },
	[VO_SCATTERED] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
			   .name = "vo_extents_scattered" },
	[VO_VMAP] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
		      .name = "vo_extents_vmap" },
	[VO_PIECES] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
			.name = "vo_extents_pieces" },
	[VO_WHERE] = { .minor = MISC_DYNAMIC_MINOR, .fops = &vo_phys_fops,
		       .name = "vo_phys" },
};

/* misc_open() has left the device in private_data */
static int vo_open(struct inode *inode, struct file *file)
{
	const struct miscdevice *dev = file->private_data;
	struct vo_object *obj = kzalloc_obj(*obj);
	gfp_t gfp = GFP_KERNEL | __GFP_ZERO | __GFP_COMP;

	if (!obj)
		return -ENOMEM;
	if (dev == &vo_devices[VO_PIECES])
		gfp |= GFP_DMA32;
	obj->pages = alloc_pages(gfp, VO_ORDER);
	if (!obj->pages) {
		kfree(obj);
		return -ENOMEM;
	}
	kref_init(&obj->refs);
	obj->scattered = dev == &vo_devices[VO_SCATTERED];
	obj->pieces = obj->scattered || dev == &vo_devices[VO_PIECES];
	obj->ops = dev == &vo_devices[VO_VMAP] ? &vo_vmap_ops : &vo_extents_ops;
	file->private_data = obj;
	return 0;
}

static int __init vo_init(void)
{
	return vo_misc_register(vo_devices, ARRAY_SIZE(vo_devices));
}
module_init(vo_init);

static void __exit vo_exit(void)
{
	vo_misc_deregister(vo_devices, ARRAY_SIZE(vo_devices));
}
module_exit(vo_exit);

MODULE_DESCRIPTION("Owner of memory that has extents only, for tests");
MODULE_LICENSE("GPL");
