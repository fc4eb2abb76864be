// SPDX-License-Identifier: GPL-2.0
/*
 * The four roles as include/linux/vma_owner.h shows them, which
 * tests/porting/run puts into usage.h, with what such drivers have of their own.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>

struct foo {
	struct kref kref;
	size_t size;
	phys_addr_t bar;
	struct p2pdma_provider *provider;
	struct inode *inode;
	struct vma_owner_revoke *revoke;
};

struct qux {
	struct page **pages;
	unsigned long nr_pages;
};

struct bar_buf {
	struct vma_pin pin;
	struct device *dev;
};

struct baz_buf {
	struct vma_pin pin;
	struct mutex leaf;
	bool wanted;
};

static void foo_put(void *obj)
{
}

static struct dma_buf *foo_export(void *obj)
{
	return ERR_PTR(-ENOMEM);
}

static int foo_map_pages(struct foo *foo, struct vm_area_struct *vma)
{
	return 0;
}

static void foo_reset_hw(struct foo *foo)
{
}

static int bar_run(struct bar_buf *buf, struct sg_table *sgt)
{
	return 0;
}

static int baz_start(struct baz_buf *buf, struct sg_table *sgt)
{
	return 0;
}

static void baz_stop(struct baz_buf *buf)
{
}

static int baz_wait(struct baz_buf *buf, bool write);

static const struct vm_operations_struct foo_bar_vm_ops;

#include "usage.h"

/* By the types that it is for */
static const struct file_operations foo_fops __used = {
	.mmap		= foo_mmap,
};

static const struct file_operations foo_bar_fops __used = {
	.mmap		= foo_bar_mmap,
};

static const struct vm_operations_struct foo_bar_vm_ops = {
	.fault		= foo_fault,
	.owner_ops	= &foo_owner_ops,
};

static const struct vma_pin_client baz_restored_client __used = {
	.name		= "baz",
	.invalidate	= baz_invalidate,
	.restore	= baz_restore,
};

static const struct vma_owner_obj_ops * const foo_both[] __used = {
	&foo_obj_ops, &foo_bar_ops,
};

static const struct dma_buf_ops qux_dmabuf_ops __used = {
	.mmap		= qux_mmap,
};

static int __used foo_live(struct foo *foo)
{
	int ret = foo_init(foo);

	if (ret)
		return ret;
	foo_reset(foo);
	foo_remove(foo);
	return 0;
}

static int __used bar_baz_live(struct bar_buf *bar, struct baz_buf *baz,
			       unsigned long addr, size_t len)
{
	int ret = bar_capture(bar, addr, len);

	if (!ret)
		ret = bar_draw(bar, bar_draw, 1);
	if (!ret)
		ret = vma_pin_user(&baz->pin, addr, len, VMA_PIN_WRITE,
				   &baz_client);
	if (!ret)
		ret = vma_pin_attach(&baz->pin, bar->dev);
	if (!ret)
		ret = vma_pin_lock(&baz->pin);
	if (!ret) {
		baz->wanted = true;
		vma_pin_unlock(&baz->pin);
	}
	if (!ret)
		ret = baz_transfer(baz);
	return ret ?: baz_read(baz, baz, len);
}

MODULE_DESCRIPTION("The roles of include/linux/vma_owner.h");
MODULE_LICENSE("GPL");
