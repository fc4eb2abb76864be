// SPDX-License-Identifier: GPL-2.0
/*
 * An exporter whose begin_cpu_access and end_cpu_access fail when they are told
 * to, for tests.
 *
 * Each open of a device below makes a dma-buf of VO_PAGES pages, one block, and
 * every mapping of the file shows it. The mappings are of pages: a driver that
 * knew nothing of owners would be given them.
 *
 *	/dev/vo_dmabuf		with a kernel mapping
 *	/dev/vo_dmabuf_no_vmap	without
 *
 * It is an importer, too, that maps an attachment of any dma-buf twice.
 */
#include <linux/bits.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>
#include <linux/wait.h>

#include "vo_dmabuf.h"
#include "vo_misc.h"

#define VO_ORDER	5
#define VO_PAGES	BIT(VO_ORDER)
#define VO_SIZE		(VO_PAGES * PAGE_SIZE)
#define VO_PATIENCE	(20 * HZ)

/**
 * struct vo_object - the memory of a dma-buf
 * @lock: guards all but @pages
 * @pages: one block of 2^VO_ORDER pages
 * @mapped: what importers have mapped
 * @armed: whether the next access of a kind fails
 * @error: with what
 * @counts: see vo_dmabuf.h
 */
struct vo_object {
	struct mutex		lock;	/* see above */
	struct page		*pages;
	struct list_head	mapped;
	bool			armed[VO_ACCESSES];
	int			error[VO_ACCESSES];
	struct vo_dmabuf_counts	counts;
};

struct vo_mapping {
	struct list_head	node;
	struct sg_table		table;
	struct device		*dev;
	enum dma_data_direction	dir;
};

/* ------------------------------------------------------------------------- */
/* The dma-buf                                                               */

static struct sg_table *vo_map(struct dma_buf_attachment *attach,
			       enum dma_data_direction dir)
{
	struct vo_object *obj = attach->dmabuf->priv;
	struct vo_mapping *m = kzalloc(sizeof(*m), GFP_KERNEL);
	int ret;

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->dev = attach->dev;
	m->dir = dir;
	ret = sg_alloc_table(&m->table, 1, GFP_KERNEL);
	if (ret)
		goto err_free;
	sg_set_page(m->table.sgl, obj->pages, VO_SIZE, 0);
	ret = dma_map_sgtable(m->dev, &m->table, dir, 0);
	if (ret)
		goto err_table;
	mutex_lock(&obj->lock);
	list_add(&m->node, &obj->mapped);
	mutex_unlock(&obj->lock);
	return &m->table;

err_table:
	sg_free_table(&m->table);
err_free:
	kfree(m);
	return ERR_PTR(ret);
}

static void vo_unmap(struct dma_buf_attachment *attach, struct sg_table *table,
		     enum dma_data_direction dir)
{
	struct vo_mapping *m = container_of(table, struct vo_mapping, table);
	struct vo_object *obj = attach->dmabuf->priv;

	mutex_lock(&obj->lock);
	list_del(&m->node);
	mutex_unlock(&obj->lock);
	dma_unmap_sgtable(m->dev, table, dir, 0);
	sg_free_table(table);
	kfree(m);
}

static void vo_release_dmabuf(struct dma_buf *dmabuf)
{
	struct vo_object *obj = dmabuf->priv;

	__free_pages(obj->pages, VO_ORDER);
	mutex_destroy(&obj->lock);
	kfree(obj);
}

/* As an exporter that has to wait for a power domain, say */
static int vo_wait_for_signal(struct vo_object *obj)
{
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(never);

	if (!wait_event_interruptible_timeout(never, false, VO_PATIENCE))
		return -ETIMEDOUT;
	obj->counts.interrupted++;
	return -ERESTARTSYS;
}

/* Called under the lock */
static int vo_access(struct vo_object *obj, enum vo_access access)
{
	int ret = 0;

	if (obj->armed[access]) {
		obj->armed[access] = false;
		ret = obj->error[access] ?: vo_wait_for_signal(obj);
	}
	if (!ret || access == VO_END)
		obj->counts.count[access]++;
	return ret;
}

static int vo_begin(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct vo_object *obj = dmabuf->priv;
	struct vo_mapping *m;
	int ret;

	mutex_lock(&obj->lock);
	ret = vo_access(obj, VO_BEGIN);
	if (!ret)
		list_for_each_entry(m, &obj->mapped, node)
			dma_sync_sgtable_for_cpu(m->dev, &m->table, m->dir);
	mutex_unlock(&obj->lock);
	return ret;
}

static int vo_end(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct vo_object *obj = dmabuf->priv;
	struct vo_mapping *m;
	int ret;

	mutex_lock(&obj->lock);
	ret = vo_access(obj, VO_END);
	if (!ret)
		list_for_each_entry(m, &obj->mapped, node)
			dma_sync_sgtable_for_device(m->dev, &m->table, m->dir);
	mutex_unlock(&obj->lock);
	return ret;
}

static int vo_vmap(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct vo_object *obj = dmabuf->priv;

	iosys_map_set_vaddr(map, page_address(obj->pages));
	return 0;
}

static const struct dma_buf_ops vo_dmabuf_ops = {
	.map_dma_buf		= vo_map,
	.unmap_dma_buf		= vo_unmap,
	.release		= vo_release_dmabuf,
	.begin_cpu_access	= vo_begin,
	.end_cpu_access		= vo_end,
	.vmap			= vo_vmap,
};

static const struct dma_buf_ops vo_no_vmap_ops = {
	.map_dma_buf		= vo_map,
	.unmap_dma_buf		= vo_unmap,
	.release		= vo_release_dmabuf,
	.begin_cpu_access	= vo_begin,
	.end_cpu_access		= vo_end,
};

/* ------------------------------------------------------------------------- */
/* The owner                                                                 */

static void vo_put(void *priv)
{
	dma_buf_put(priv);
}

static struct dma_buf *vo_get_dmabuf(void *priv)
{
	struct dma_buf *dmabuf = priv;

	get_dma_buf(dmabuf);
	return dmabuf;
}

static const struct vma_owner_obj_ops vo_obj_ops = {
	.name		= "vo_dmabuf",
	.module		= THIS_MODULE,
	.put		= vo_put,
	.get_dmabuf	= vo_get_dmabuf,
};

/* The VMA holds the file, and that the dma-buf: see vo_open() */
static int vo_tryget(const struct vma_owner_query *q, struct vma_owner_ref *ref)
{
	struct dma_buf *dmabuf = q->private_data;

	get_dma_buf(dmabuf);
	*ref = (struct vma_owner_ref) {
		.ops	= &vo_obj_ops,
		.obj	= dmabuf,
		.offset	= (u64)q->pgoff << PAGE_SHIFT,
		.size	= VO_SIZE,
	};
	return 0;
}

static const struct vma_owner_ops vo_owner_ops = {
	.tryget = vo_tryget,
};

static const struct vm_operations_struct vo_vm_ops = {
	.owner_ops = &vo_owner_ops,
};

/* ------------------------------------------------------------------------- */
/* The devices                                                               */

static struct vo_object *vo_object_of(struct file *file)
{
	struct dma_buf *dmabuf = file->private_data;

	return dmabuf->priv;
}

static int vo_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vo_object *obj = vo_object_of(file);
	unsigned long addr, pgoff = vma->vm_pgoff;
	int ret = 0;

	if (pgoff >= VO_PAGES || vma_pages(vma) > VO_PAGES - pgoff ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	for (addr = vma->vm_start; addr < vma->vm_end && !ret; addr += PAGE_SIZE)
		ret = vm_insert_page(vma, addr, obj->pages + pgoff++);
	if (ret)
		return ret;
	vma->vm_ops = &vo_vm_ops;
	vma->vm_private_data = file->private_data;
	return 0;
}

static int vo_fail(struct vo_object *obj, const void __user *from)
{
	struct vo_dmabuf_fail fail;

	if (copy_from_user(&fail, from, sizeof(fail)))
		return -EFAULT;
	if (fail.access >= VO_ACCESSES || fail.error > 0)
		return -EINVAL;
	mutex_lock(&obj->lock);
	obj->armed[fail.access] = true;
	obj->error[fail.access] = fail.error;
	mutex_unlock(&obj->lock);
	return 0;
}

/* 0 if mapping it is answered with @due; undone at once if it was not to succeed */
static int vo_expect_map(struct dma_buf_attachment *attach,
			 enum dma_data_direction dir, int due,
			 struct sg_table **sgt)
{
	*sgt = dma_buf_map_attachment(attach, dir);
	if (PTR_ERR_OR_ZERO(*sgt) == due)
		return 0;
	if (!IS_ERR(*sgt))
		dma_buf_unmap_attachment(attach, *sgt, dir);
	return -EREMOTEIO;
}

/* Called with the dma_resv held */
static int vo_map_twice(struct dma_buf_attachment *attach)
{
	struct sg_table *first, *second, *turned;
	int ret, turn;

	ret = vo_expect_map(attach, DMA_FROM_DEVICE, 0, &first);
	if (ret)
		return ret;
	ret = vo_expect_map(attach, DMA_FROM_DEVICE, 0, &second);
	turn = vo_expect_map(attach, DMA_TO_DEVICE, -EBUSY, &turned);
	dma_buf_unmap_attachment(attach, first, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	/* The second one is as good as it was */
	ret = turn ?: vo_expect_map(attach, DMA_TO_DEVICE, -EBUSY, &turned);
	dma_buf_unmap_attachment(attach, second, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	ret = vo_expect_map(attach, DMA_TO_DEVICE, 0, &turned);
	if (!ret)
		dma_buf_unmap_attachment(attach, turned, DMA_TO_DEVICE);
	return ret;
}

static int vo_map_fd_twice(struct device *dev, const s32 __user *from)
{
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;
	s32 fd;
	int ret;

	if (get_user(fd, from))
		return -EFAULT;
	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, dev);
	ret = PTR_ERR_OR_ZERO(attach);
	if (!ret) {
		dma_resv_lock(dmabuf->resv, NULL);
		ret = vo_map_twice(attach);
		dma_resv_unlock(dmabuf->resv);
		dma_buf_detach(dmabuf, attach);
	}
	dma_buf_put(dmabuf);
	return ret;
}

static int vo_new_fd(struct dma_buf *dmabuf)
{
	int fd;

	get_dma_buf(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

#define VO_DEVICES	2

static struct miscdevice vo_devices[VO_DEVICES];

static long vo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vo_object *obj = vo_object_of(file);
	struct vo_dmabuf_counts counts;

	switch (cmd) {
	case VO_DMABUF_FAIL:
		return vo_fail(obj, (const void __user *)arg);
	case VO_DMABUF_COUNTS:
		mutex_lock(&obj->lock);
		counts = obj->counts;
		mutex_unlock(&obj->lock);
		return copy_to_user((void __user *)arg, &counts, sizeof(counts)) ?
		       -EFAULT : 0;
	case VO_DMABUF_MAP_TWICE:
		return vo_map_fd_twice(vo_devices[0].this_device,
				       (const s32 __user *)arg);
	case VO_DMABUF_FD:
		return vo_new_fd(file->private_data);
	default:
		return -ENOTTY;
	}
}

static int vo_release(struct inode *inode, struct file *file)
{
	dma_buf_put(file->private_data);
	return 0;
}

static int vo_open(struct inode *inode, struct file *file);

static const struct file_operations vo_fops = {
	.owner		= THIS_MODULE,
	.open		= vo_open,
	.release	= vo_release,
	.mmap		= vo_mmap,
	.unlocked_ioctl	= vo_ioctl,
};

static struct miscdevice vo_devices[VO_DEVICES] = {
	{ .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops, .name = "vo_dmabuf" },
	{ .minor = MISC_DYNAMIC_MINOR, .fops = &vo_fops,
	  .name = "vo_dmabuf_no_vmap" },
};

static struct dma_buf *vo_export(struct vo_object *obj,
				 const struct dma_buf_ops *ops)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = ops;
	info.size = VO_SIZE;
	info.flags = O_RDWR;
	info.priv = obj;
	return dma_buf_export(&info);
}

/* misc_open() has left the device in private_data */
static int vo_open(struct inode *inode, struct file *file)
{
	const struct miscdevice *dev = file->private_data;
	struct vo_object *obj = kzalloc(sizeof(*obj), GFP_KERNEL);
	struct dma_buf *dmabuf = ERR_PTR(-ENOMEM);

	if (!obj)
		return -ENOMEM;
	mutex_init(&obj->lock);
	INIT_LIST_HEAD(&obj->mapped);
	obj->pages = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP, VO_ORDER);
	if (obj->pages)
		dmabuf = vo_export(obj, dev == &vo_devices[0] ?
				   &vo_dmabuf_ops : &vo_no_vmap_ops);
	if (!IS_ERR(dmabuf)) {
		file->private_data = dmabuf;
		return 0;
	}
	if (obj->pages)
		__free_pages(obj->pages, VO_ORDER);
	kfree(obj);
	return PTR_ERR(dmabuf);
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

MODULE_DESCRIPTION("Exporter whose CPU access fails on demand, for tests");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
