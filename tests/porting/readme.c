// SPDX-License-Identifier: GPL-2.0
/*
 * The exporter and the importer of README.md, which tests/porting/run puts into
 * readme_exporter.h and readme_importer.h, with what is around them in a driver.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/vma_owner.h>

struct foo {
	struct kref kref;
	size_t size;
};

struct bar_buf {
	struct vma_pin pin;
};

static const struct vma_owner_obj_ops foo_obj_ops = { .name = "foo" };
static const struct vma_pin_client bar_client = { .name = "bar" };

static int bar_run(struct bar_buf *buf, struct sg_table *sgt)
{
	return 0;
}

#include "readme_exporter.h"

static const struct vma_owner_ops foo_owner_ops __used = {
	.tryget	= foo_tryget,
};

static int __used bar_capture(struct bar_buf *buf, struct device *dev,
			      unsigned long addr, size_t len)
{
	struct sg_table *sgt;
	int ret;

#include "readme_importer.h"
	return ret;
}

MODULE_DESCRIPTION("The exporter and the importer of README.md");
MODULE_LICENSE("GPL");
