// SPDX-License-Identifier: GPL-2.0
/*
 * GEM objects as memory that has an owner.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/module.h>
#include <linux/vma_owner.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_vma_owner.h>
#include <drm/drm_prime.h>

static void drm_gem_owner_put(void *ptr)
{
	struct drm_gem_object *obj = ptr;
	struct drm_device *dev = obj->dev;
	struct module *driver = dev->driver->fops->owner;

	drm_gem_object_put(obj);
	drm_dev_put(dev);
	module_put(driver);
}

static struct dma_buf *drm_gem_owner_get_dmabuf(void *ptr)
{
	struct drm_gem_object *obj = ptr;
	struct dma_buf *dmabuf;

	guard(mutex)(&obj->dev->object_name_lock);
	dmabuf = obj->import_attach ? obj->import_attach->dmabuf : obj->dma_buf;
	if (dmabuf) {
		get_dma_buf(dmabuf);
		return dmabuf;
	}
	/* PRIME knows one for each object: no user space may have it, see @no_fd */
	if (obj->funcs->export)
		return obj->funcs->export(obj, O_CLOEXEC | O_RDWR);
	return drm_gem_prime_export(obj, O_CLOEXEC | O_RDWR);
}

static const struct vma_owner_obj_ops drm_gem_owner_obj_ops = {
	.name		= "drm-gem",
	.module		= THIS_MODULE,
	.no_fd		= true,
	.put		= drm_gem_owner_put,
	.get_dmabuf	= drm_gem_owner_get_dmabuf,
};

/* @first: pgoff of the object's first page */
static int drm_gem_owner_get(const struct vma_owner_query *q,
			     struct vma_owner_ref *ref, pgoff_t first)
{
	struct drm_gem_object *obj = q->private_data;
	struct drm_device *dev = obj->dev;

	/* What has pages was GUP's, and some do not count from the fake offset */
	if (!q->pfnmap || q->pgoff < first)
		return -ENOENT;
	/* The VMA's file keeps both as long as it is there */
	if (!try_module_get(dev->driver->fops->owner))
		return -ENODEV;
	drm_dev_get(dev);
	drm_gem_object_get(obj);
	*ref = (struct vma_owner_ref) {
		.ops	= &drm_gem_owner_obj_ops,
		.obj	= obj,
		.offset	= (u64)(q->pgoff - first) << PAGE_SHIFT,
		.size	= obj->size,
	};
	return 0;
}

static int drm_gem_owner_tryget(const struct vma_owner_query *q,
				struct vma_owner_ref *ref)
{
	return drm_gem_owner_get(q, ref, 0);
}

static int drm_gem_fake_offset_tryget(const struct vma_owner_query *q,
				      struct vma_owner_ref *ref)
{
	struct drm_gem_object *obj = q->private_data;

	return drm_gem_owner_get(q, ref, drm_vma_node_start(&obj->vma_node));
}

const struct vma_owner_ops drm_gem_owner_ops = {
	.tryget = drm_gem_owner_tryget,
};
EXPORT_SYMBOL_GPL(drm_gem_owner_ops);

const struct vma_owner_ops drm_gem_fake_offset_owner_ops = {
	.tryget = drm_gem_fake_offset_tryget,
};
EXPORT_SYMBOL_GPL(drm_gem_fake_offset_owner_ops);
