// SPDX-License-Identifier: GPL-2.0
/*
 * Sample exporter: a character device that user space maps, and that owns the
 * memory behind those mappings. Documentation/mm/vma_owner.rst quotes it.
 *
 *	insmod vma_owner_exporter.ko memory=dma|pages|reserved [size=] [phys=]
 *
 * dma		dma_alloc_coherent(), mapped by mmap at once. Static: its pins
 *		keep it, and the module, for as long as they like.
 * pages	single pages, mapped page by page in the fault handler.
 * reserved	a physical range that the kernel was told to leave alone, as by
 *		memmap=4M$0x30000000; mapped like pages, write-combined.
 *
 * Pages and reserved memory can be revoked, by what is written to the revoke
 * attribute of /sys/devices/platform/vma_owner_exporter: temporary, permanent
 * or restore. Unbinding the driver revokes them for good.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>
#include <linux/vmalloc.h>

static char *memory = "pages";
module_param(memory, charp, 0444);
MODULE_PARM_DESC(memory, "dma, pages or reserved");

static unsigned long size = SZ_64K;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "bytes of memory");

static unsigned long long phys;
module_param(phys, ullong, 0444);
MODULE_PARM_DESC(phys, "where the reserved range begins");

struct exporter;

/**
 * struct memory_kind - one of the three ways to have memory
 * @name: as in the module parameter
 * @obj_ops: what the owned object can do
 * @vm_ops: of its mappings
 * @alloc: get the memory
 * @free: undo @alloc
 * @mmap: beyond what all of them do
 */
struct memory_kind {
	const char *name;
	const struct vma_owner_obj_ops *obj_ops;
	const struct vm_operations_struct *vm_ops;
	int (*alloc)(struct exporter *exp);
	void (*free)(struct exporter *exp);
	int (*mmap)(struct exporter *exp, struct vm_area_struct *vma);
};

/**
 * struct exporter - the device and its one buffer
 * @ref: one of the bound driver, of each open file and of each reference that
 *	the core or a dma-buf holds
 * @misc: the character device
 * @dev: the platform device
 * @kind: kind of memory
 * @inode: the first opener's; all mappings are in its address_space, where
 *	the zap finds them
 * @revoke: NULL for static memory
 * @control: serialises revokes and restores
 * @revoked: temporary revokes that have not been undone
 * @vaddr: kernel mapping of dma and reserved memory
 * @dma: address of dma memory for @dev
 * @pages: of the kind of that name
 */
struct exporter {
	struct kref ref;
	struct miscdevice misc;
	struct device *dev;
	const struct memory_kind *kind;
	struct inode *inode;

	struct vma_owner_revoke *revoke;
	struct mutex control;	/* revokes and restores, one at a time */
	unsigned int revoked;

	void *vaddr;
	dma_addr_t dma;
	struct page **pages;
};

static unsigned int nr_pages(void)
{
	return size >> PAGE_SHIFT;
}

static void exporter_free(struct kref *ref)
{
	struct exporter *exp = container_of(ref, struct exporter, ref);

	exp->kind->free(exp);
	vma_owner_revoke_put(exp->revoke);
	iput(exp->inode);
	put_device(exp->dev);
	kfree(exp);
}

static void exporter_put(void *obj)
{
	struct exporter *exp = obj;

	kref_put(&exp->ref, exporter_free);
}

/* ---- whose memory it is ---- */

/* doc: tryget */
static int exporter_tryget(const struct vma_owner_query *q,
			   struct vma_owner_ref *ref)
{
	struct exporter *exp = q->private_data;

	kref_get(&exp->ref);	/* the VMA's file holds one */
	ref->ops = exp->kind->obj_ops;
	ref->obj = exp;
	ref->offset = (u64)q->pgoff << PAGE_SHIFT;
	ref->size = size;
	return 0;
}

static const struct vma_owner_ops exporter_owner_ops = {
	.tryget		= exporter_tryget,
};

/* doc: end */

/* doc: revocable */
static struct vma_owner_revoke *exporter_revocable(void *obj)
{
	struct exporter *exp = obj;

	return exp->revoke;
}

static void exporter_zap(void *priv)
{
	struct exporter *exp = priv;

	if (exp->inode)
		unmap_mapping_range(exp->inode->i_mapping, 0, 0, 1);
}

static const struct vma_owner_revoke_ops exporter_revoke_ops = {
	.name		= KBUILD_MODNAME,
	.zap		= exporter_zap,
};

/* doc: end */

/* ---- pages and reserved memory: by fault, revocable ---- */

static unsigned long exporter_pfn(struct exporter *exp, pgoff_t pgoff)
{
	return exp->pages ? page_to_pfn(exp->pages[pgoff]) :
			    PHYS_PFN(phys) + pgoff;
}

/* doc: fault */
static vm_fault_t exporter_fault(struct vm_fault *vmf)
{
	struct exporter *exp = vmf->vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	if (!vma_owner_fault_enter(exp->revoke))
		return VM_FAULT_SIGBUS;
	if (vmf->pgoff < nr_pages())
		ret = vmf_insert_pfn(vmf->vma, vmf->address,
				     exporter_pfn(exp, vmf->pgoff));
	vma_owner_fault_exit(exp->revoke);
	return ret;
}

static const struct vm_operations_struct fault_vm_ops = {
	.fault		= exporter_fault,
	.owner_ops	= &exporter_owner_ops,
};

/* doc: end */

static void exporter_put_extents(void *obj, struct vma_owner_extents *x)
{
	kvfree(x->vec);
}

/* doc: pages */
static int pages_get_extents(void *obj, u64 offset, u64 len,
			     struct vma_owner_extents *x)
{
	struct exporter *exp = obj;
	unsigned int first = offset >> PAGE_SHIFT, i;
	unsigned int skip = offset_in_page(offset);

	x->nr = DIV_ROUND_UP(skip + len, PAGE_SIZE);
	x->vec = kvmalloc_objs(*x->vec, x->nr);
	if (!x->vec)
		return -ENOMEM;
	for (i = 0; i < x->nr; i++) {
		x->vec[i].paddr = page_to_phys(exp->pages[first + i]) + skip;
		x->vec[i].len = min(len, PAGE_SIZE - skip);
		len -= x->vec[i].len;
		skip = 0;
	}
	x->type = VMA_OWNER_RAM;
	x->prot = PAGE_KERNEL;
	return 0;
}

static int pages_vmap(void *obj, struct iosys_map *map)
{
	struct exporter *exp = obj;
	void *vaddr = vmap(exp->pages, nr_pages(), VM_MAP, PAGE_KERNEL);

	if (!vaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

static void pages_vunmap(void *obj, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

static const struct vma_owner_obj_ops pages_obj_ops = {
	.name		= KBUILD_MODNAME "-pages",
	.module		= THIS_MODULE,
	.put		= exporter_put,
	.vmap		= pages_vmap,
	.vunmap		= pages_vunmap,
	.get_extents	= pages_get_extents,
	.put_extents	= exporter_put_extents,
	.revocable	= exporter_revocable,
};

/* doc: end */

static void pages_free(struct exporter *exp)
{
	unsigned int i;

	for (i = 0; i < nr_pages() && exp->pages[i]; i++)
		__free_page(exp->pages[i]);
	kvfree(exp->pages);
}

static int pages_alloc(struct exporter *exp)
{
	unsigned int i;

	exp->pages = kvzalloc_objs(*exp->pages, nr_pages());
	if (!exp->pages)
		return -ENOMEM;
	for (i = 0; i < nr_pages(); i++) {
		exp->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!exp->pages[i]) {
			pages_free(exp);
			return -ENOMEM;
		}
	}
	return 0;
}

static int pages_mmap(struct exporter *exp, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

static int reserved_get_extents(void *obj, u64 offset, u64 len,
				struct vma_owner_extents *x)
{
	x->vec = kvmalloc_objs(*x->vec, 1);
	if (!x->vec)
		return -ENOMEM;
	x->vec[0].paddr = phys + offset;
	x->vec[0].len = len;
	x->nr = 1;
	x->type = VMA_OWNER_RAM_FIXED;
	x->prot = pgprot_writecombine(PAGE_KERNEL);
	return 0;
}

static int reserved_vmap(void *obj, struct iosys_map *map)
{
	struct exporter *exp = obj;

	iosys_map_set_vaddr(map, exp->vaddr);
	return 0;
}

static void reserved_vunmap(void *obj, struct iosys_map *map)
{
}

static const struct vma_owner_obj_ops reserved_obj_ops = {
	.name		= KBUILD_MODNAME "-reserved",
	.module		= THIS_MODULE,
	.put		= exporter_put,
	.vmap		= reserved_vmap,
	.vunmap		= reserved_vunmap,
	.get_extents	= reserved_get_extents,
	.put_extents	= exporter_put_extents,
	.revocable	= exporter_revocable,
};

static int reserved_alloc(struct exporter *exp)
{
	if (!phys || !PAGE_ALIGNED(phys))
		return -EINVAL;
	if (!request_mem_region(phys, size, KBUILD_MODNAME))
		return -EBUSY;
	exp->vaddr = memremap(phys, size, MEMREMAP_WC);
	if (!exp->vaddr) {
		release_mem_region(phys, size);
		return -ENOMEM;
	}
	return 0;
}

static void reserved_free(struct exporter *exp)
{
	memunmap(exp->vaddr);
	release_mem_region(phys, size);
}

static int reserved_mmap(struct exporter *exp, struct vm_area_struct *vma)
{
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	return pages_mmap(exp, vma);
}

/* ---- memory of dma_alloc: mapped at once, static, through a dma-buf ---- */

/* doc: dma */
static struct sg_table *coherent_map(struct dma_buf_attachment *attach,
				     enum dma_data_direction dir)
{
	struct exporter *exp = attach->dmabuf->priv;
	struct sg_table *sgt;
	int ret;

	sgt = kzalloc_obj(*sgt);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = dma_get_sgtable(exp->dev, sgt, exp->vaddr, exp->dma, size);
	if (ret)
		goto free;
	ret = dma_map_sgtable(attach->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (!ret)
		return sgt;
	sg_free_table(sgt);
free:
	kfree(sgt);
	return ERR_PTR(ret);
}

static void coherent_unmap(struct dma_buf_attachment *attach,
			   struct sg_table *sgt, enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(sgt);
	kfree(sgt);
}

static int coherent_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct exporter *exp = dmabuf->priv;

	iosys_map_set_vaddr(map, exp->vaddr);
	return 0;
}

static void coherent_release(struct dma_buf *dmabuf)
{
	exporter_put(dmabuf->priv);
}

static const struct dma_buf_ops coherent_dmabuf_ops = {
	.map_dma_buf	= coherent_map,
	.unmap_dma_buf	= coherent_unmap,
	.vmap		= coherent_vmap,
	.release	= coherent_release,
};

/* A new one for each pin: the buffer keeps no reference to it. */
static struct dma_buf *coherent_get_dmabuf(void *obj)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct exporter *exp = obj;
	struct dma_buf *dmabuf;

	info.ops = &coherent_dmabuf_ops;
	info.size = size;
	info.flags = O_RDWR;
	info.priv = exp;
	dmabuf = dma_buf_export(&info);
	if (!IS_ERR(dmabuf))
		kref_get(&exp->ref);
	return dmabuf;
}

static const struct vma_owner_obj_ops coherent_obj_ops = {
	.name		= KBUILD_MODNAME "-dma",
	.module		= THIS_MODULE,
	.put		= exporter_put,
	.get_dmabuf	= coherent_get_dmabuf,
};

/* doc: end */

static const struct vm_operations_struct coherent_vm_ops = {
	.owner_ops	= &exporter_owner_ops,
};

static int coherent_alloc(struct exporter *exp)
{
	exp->vaddr = dma_alloc_coherent(exp->dev, size, &exp->dma, GFP_KERNEL);
	return exp->vaddr ? 0 : -ENOMEM;
}

static void coherent_free(struct exporter *exp)
{
	dma_free_coherent(exp->dev, size, exp->vaddr, exp->dma);
}

static int coherent_mmap(struct exporter *exp, struct vm_area_struct *vma)
{
	return dma_mmap_coherent(exp->dev, vma, exp->vaddr, exp->dma, size);
}

static const struct memory_kind kinds[] = {
	{ "pages", &pages_obj_ops, &fault_vm_ops,
	  pages_alloc, pages_free, pages_mmap },
	{ "reserved", &reserved_obj_ops, &fault_vm_ops,
	  reserved_alloc, reserved_free, reserved_mmap },
	{ "dma", &coherent_obj_ops, &coherent_vm_ops,
	  coherent_alloc, coherent_free, coherent_mmap },
};

/* ---- the character device ---- */

/* Runs under misc_mtx, which misc_deregister() takes, so @exp is there. */
static int exporter_open(struct inode *inode, struct file *file)
{
	struct exporter *exp = container_of(file->private_data,
					    struct exporter, misc);

	/*
	 * A second device node has an inode of its own, which the zap of the
	 * first one's mappings would not reach.
	 */
	if (!exp->inode)
		exp->inode = igrab(inode);
	file->f_mapping = exp->inode->i_mapping;
	kref_get(&exp->ref);
	file->private_data = exp;
	return 0;
}

static int exporter_release(struct inode *inode, struct file *file)
{
	exporter_put(file->private_data);
	return 0;
}

static int exporter_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct exporter *exp = file->private_data;

	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff >= nr_pages() ||
	    vma_pages(vma) > nr_pages() - vma->vm_pgoff)
		return -EINVAL;
	vma->vm_private_data = exp;
	vma->vm_ops = exp->kind->vm_ops;
	return exp->kind->mmap(exp, vma);
}

static const struct file_operations exporter_fops = {
	.owner		= THIS_MODULE,
	.open		= exporter_open,
	.release	= exporter_release,
	.mmap		= exporter_mmap,
};

/* ---- taking it back ---- */

/* doc: revoke */
static int exporter_revoke(struct exporter *exp, enum vma_owner_loss how)
{
	if (!exp->revoke)
		return -EOPNOTSUPP;
	guard(mutex)(&exp->control);
	vma_owner_revoke(exp->revoke, how);
	if (how == VMA_OWNER_TEMPORARY)
		exp->revoked++;
	return 0;
}

static int exporter_restore(struct exporter *exp)
{
	if (!exp->revoke)
		return -EOPNOTSUPP;
	guard(mutex)(&exp->control);
	if (!exp->revoked)
		return -EINVAL;
	exp->revoked--;
	vma_owner_restore(exp->revoke);
	return 0;
}

/* doc: end */

static ssize_t revoke_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	struct exporter *exp = dev_get_drvdata(dev);
	int ret;

	if (sysfs_streq(buf, "temporary"))
		ret = exporter_revoke(exp, VMA_OWNER_TEMPORARY);
	else if (sysfs_streq(buf, "permanent"))
		ret = exporter_revoke(exp, VMA_OWNER_PERMANENT);
	else if (sysfs_streq(buf, "restore"))
		ret = exporter_restore(exp);
	else
		ret = -EINVAL;
	return ret ?: count;
}
static DEVICE_ATTR_WO(revoke);

static struct attribute *exporter_attrs[] = {
	&dev_attr_revoke.attr,
	NULL
};
ATTRIBUTE_GROUPS(exporter);

/* ---- the device ---- */

static const struct memory_kind *find_kind(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static int exporter_probe(struct platform_device *pdev)
{
	const struct memory_kind *kind = find_kind(memory);
	struct exporter *exp;
	int ret;

	exp = kzalloc_obj(*exp);
	if (!exp)
		return -ENOMEM;
	kref_init(&exp->ref);
	mutex_init(&exp->control);
	exp->dev = &pdev->dev;
	exp->kind = kind;
	ret = kind->alloc(exp);
	if (ret)
		goto free;
	get_device(exp->dev);	/* from here on exporter_put() undoes it all */
	if (kind->obj_ops->revocable) {
		exp->revoke = vma_owner_revoke_create(&exporter_revoke_ops, exp);
		ret = PTR_ERR_OR_ZERO(exp->revoke);
		if (ret)
			goto put;
	}
	platform_set_drvdata(pdev, exp);
	exp->misc.name = KBUILD_MODNAME;
	exp->misc.minor = MISC_DYNAMIC_MINOR;
	exp->misc.fops = &exporter_fops;
	ret = misc_register(&exp->misc);
	if (!ret)
		return 0;
put:
	exporter_put(exp);
	return ret;
free:
	kfree(exp);
	return ret;
}

/* doc: remove */
static void exporter_remove(struct platform_device *pdev)
{
	struct exporter *exp = platform_get_drvdata(pdev);

	misc_deregister(&exp->misc);
	exporter_revoke(exp, VMA_OWNER_PERMANENT);
	exporter_put(exp);	/* files may hold it still, pins do not */
}

/* doc: end */

static struct platform_driver exporter_driver = {
	.probe		= exporter_probe,
	.remove		= exporter_remove,
	.driver		= {
		.name		= KBUILD_MODNAME,
		.dev_groups	= exporter_groups,
	},
};

static struct platform_device *exporter_device;

static int __init exporter_init(void)
{
	const struct platform_device_info info = {
		.name = KBUILD_MODNAME,
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(32),
	};
	const struct memory_kind *kind = find_kind(memory);
	int ret;

	if (!kind || !size || !PAGE_ALIGNED(size))
		return -EINVAL;
	/* dma_alloc memory ends with the driver and cannot be taken back */
	exporter_driver.driver.suppress_bind_attrs = !kind->obj_ops->revocable;
	exporter_device = platform_device_register_full(&info);
	if (IS_ERR(exporter_device))
		return PTR_ERR(exporter_device);
	ret = platform_driver_register(&exporter_driver);
	if (ret)
		goto unregister;
	if (platform_get_drvdata(exporter_device))
		return 0;
	platform_driver_unregister(&exporter_driver);
	ret = -ENODEV;		/* the driver core has logged why */
unregister:
	platform_device_unregister(exporter_device);
	return ret;
}
module_init(exporter_init);

static void __exit exporter_exit(void)
{
	platform_driver_unregister(&exporter_driver);
	platform_device_unregister(exporter_device);
}
module_exit(exporter_exit);

MODULE_DESCRIPTION("Sample owner of the memory that it maps");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
