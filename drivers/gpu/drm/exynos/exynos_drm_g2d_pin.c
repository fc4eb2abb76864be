// SPDX-License-Identifier: GPL-2.0
/*
 * G2D as importer of memory that user space passes by address.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "exynos_drm_drv.h"
#include "exynos_drm_g2d_pin.h"

/**
 * DOC: userptrs of G2D
 *
 * A command list names memory by user address. It is pinned for writing and
 * mapped for the device when the command list is set, and its one DMA address is
 * written into the command list: the range must be contiguous for the device. As
 * nobody says which memory is only read, owned memory begins and ends with a cache
 * line if G2D is not coherent, or it is refused with -EINVAL.
 *
 * Pins are cached, up to a limit, since user space blits from and to the same
 * memory again and again. A cached pin is found by address and size, and used if
 * the address still shows what is pinned. If not, or when the same address comes
 * with another size, it is put away and never found again; at the latest when the
 * file is closed, as are all pins of that file.
 *
 * The memory is handed over to G2D once, when it is mapped, and taken back when the
 * pin is let go, as it has always been: what the CPU writes while a pin is cached a
 * G2D that is not coherent may not see, nor the CPU what that has written.
 *
 * G2D cannot be revoked: the DMA addresses are in command lists that are queued
 * already, and a transfer can only be waited for or reset, with locks held under
 * which pins are let go. So it is a static importer. Owners that may take their
 * memory back refuse it with -EOPNOTSUPP.
 */
static const struct vma_pin_client g2d_pin_client = {
	.name = "exynos-g2d",
	.contiguous = true,
};

/**
 * struct g2d_userptr - memory that command lists of one file use
 * @pin: the memory
 * @list: in &drm_exynos_file_private.userptr_list
 * @dma_addr: of the first byte
 * @refs: one for each command list, one while it is cached
 * @cached: counted in &g2d_userptr_pool.size
 * @stale: the address was used with another size or for other memory since, do
 *	not find it again
 */
struct g2d_userptr {
	struct vma_pin		pin;
	struct list_head	list;
	dma_addr_t		dma_addr;
	refcount_t		refs;
	bool			cached;
	bool			stale;
};

static unsigned long g2d_userptr_footprint(const struct g2d_userptr *u)
{
	return PAGE_ALIGN(offset_in_page(u->pin.start) + u->pin.len);
}

/* The engine is given the first address only */
static bool g2d_is_contiguous(struct sg_table *sgt)
{
	dma_addr_t expected = sg_dma_address(sgt->sgl);
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (sg_dma_address(sg) != expected)
			return false;
		expected += sg_dma_len(sg);
	}
	return true;
}

static int g2d_userptr_map(struct g2d_userptr *u, struct drm_device *drm_dev)
{
	struct device *dev = drm_dev_dma_dev(drm_dev);
	struct sg_table *sgt;

	sgt = vma_pin_map_dma_unlocked(&u->pin, dev, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	if (!g2d_is_contiguous(sgt)) {
		DRM_DEV_ERROR(dev, "userptr is not contiguous.\n");
		return -EFAULT;
	}
	u->dma_addr = sg_dma_address(sgt->sgl);
	/* Once and for all: user space does not say when it looks at a blit */
	return vma_pin_sync_for_device(&u->pin);
}

static struct g2d_userptr *g2d_userptr_pin(struct drm_device *drm_dev,
					   unsigned long userptr,
					   unsigned long size)
{
	struct g2d_userptr *u = kzalloc_obj(*u);
	int ret;

	if (!u)
		return ERR_PTR(-ENOMEM);
	ret = vma_pin_user(&u->pin, userptr, size, VMA_PIN_WRITE,
			   &g2d_pin_client);
	if (ret)
		goto err_free;
	ret = g2d_userptr_map(u, drm_dev);
	if (ret)
		goto err_unpin;
	refcount_set(&u->refs, 1);
	return u;

err_unpin:
	vma_unpin(&u->pin);
err_free:
	kfree(u);
	return ERR_PTR(ret);
}

static void g2d_userptr_free(struct g2d_userptr *u)
{
	list_del(&u->list);
	vma_unpin(&u->pin);
	kfree(u);
}

static void g2d_userptr_put(struct g2d_userptr *u)
{
	if (refcount_dec_and_test(&u->refs))
		g2d_userptr_free(u);
}

static void g2d_userptr_cache(struct g2d_userptr_pool *pool,
			      struct g2d_userptr *u)
{
	if (pool->size + g2d_userptr_footprint(u) >= pool->max)
		return;
	pool->size += g2d_userptr_footprint(u);
	u->cached = true;
	refcount_inc(&u->refs);
}

static void g2d_userptr_uncache(struct g2d_userptr_pool *pool,
				struct g2d_userptr *u)
{
	if (!u->cached)
		return;
	pool->size -= g2d_userptr_footprint(u);
	u->cached = false;
	g2d_userptr_put(u);
}

/*
 * One that is found with another size may still be accessed by the engine. It
 * stays on the list, for g2d_userptr_free_all().
 */
static struct g2d_userptr *g2d_userptr_find(struct g2d_userptr_pool *pool,
					    struct list_head *list,
					    unsigned long userptr,
					    unsigned long size)
{
	struct g2d_userptr *u, *n;

	userptr = untagged_addr(userptr);
	list_for_each_entry_safe(u, n, list, list) {
		if (u->stale || u->pin.start != userptr)
			continue;
		if (u->pin.len == size)
			return u;
		u->stale = true;
		g2d_userptr_uncache(pool, u);
	}
	return NULL;
}

static struct g2d_userptr *g2d_userptr_lookup(struct g2d_userptr_pool *pool,
					      struct list_head *list,
					      unsigned long userptr,
					      unsigned long size)
{
	struct g2d_userptr *u;

	mutex_lock(&pool->lock);
	u = g2d_userptr_find(pool, list, userptr, size);
	if (u)
		refcount_inc(&u->refs);
	mutex_unlock(&pool->lock);
	/* Takes mmap_lock, which may be held for as long as user space likes */
	if (!u || vma_pin_still_there(&u->pin))
		return u;

	mutex_lock(&pool->lock);
	u->stale = true;
	g2d_userptr_uncache(pool, u);
	mutex_unlock(&pool->lock);
	g2d_userptr_put_dma_addr(pool, u);
	return NULL;
}

/**
 * g2d_userptr_pool_init() - nothing is pinned yet
 * @pool: the pool
 * @max: bytes to cache at most
 *
 * Context: Any.
 */
void g2d_userptr_pool_init(struct g2d_userptr_pool *pool, unsigned long max)
{
	mutex_init(&pool->lock);
	pool->size = 0;
	pool->max = max;
}

/**
 * g2d_userptr_get_dma_addr() - pin and map memory for a command list
 * @pool: pool of the device
 * @drm_dev: DRM device
 * @userptr: user address
 * @size: length in bytes
 * @filp: file that the command list belongs to
 * @obj: set to what g2d_userptr_put_dma_addr() takes
 *
 * Context: As vma_pin_user(). @pool's lock is not held meanwhile: a page fault
 * may take as long as user space likes.
 * Return: Where the DMA address is, or an ERR_PTR: the errno of vma_pin_user() or
 * vma_pin_map_dma_unlocked(), or -EFAULT if the memory is not contiguous for the device.
 */
dma_addr_t *g2d_userptr_get_dma_addr(struct g2d_userptr_pool *pool,
				     struct drm_device *drm_dev,
				     unsigned long userptr, unsigned long size,
				     struct drm_file *filp, void **obj)
{
	struct drm_exynos_file_private *file_priv = filp->driver_priv;
	struct g2d_userptr *u;

	u = g2d_userptr_lookup(pool, &file_priv->userptr_list, userptr, size);
	if (u)
		goto out;

	u = g2d_userptr_pin(drm_dev, userptr, size);
	if (IS_ERR(u)) {
		DRM_DEV_ERROR(drm_dev->dev, "failed to pin userptr: %pe\n", u);
		return ERR_CAST(u);
	}

	mutex_lock(&pool->lock);
	g2d_userptr_cache(pool, u);
	list_add_tail(&u->list, &file_priv->userptr_list);
	mutex_unlock(&pool->lock);
out:
	*obj = u;
	return &u->dma_addr;
}

/**
 * g2d_userptr_put_dma_addr() - a command list is done with its memory
 * @pool: pool of the device
 * @obj: what g2d_userptr_get_dma_addr() set, or NULL
 *
 * Context: As vma_unpin().
 */
void g2d_userptr_put_dma_addr(struct g2d_userptr_pool *pool, void *obj)
{
	struct g2d_userptr *u = obj;

	if (!u)
		return;
	mutex_lock(&pool->lock);
	g2d_userptr_put(u);
	mutex_unlock(&pool->lock);
}

/**
 * g2d_userptr_free_all() - let go of everything that a file has pinned
 * @pool: pool of the device
 * @filp: the file, of which no command list is left
 *
 * Context: As vma_unpin(). The engine no longer accesses memory of @filp.
 */
void g2d_userptr_free_all(struct g2d_userptr_pool *pool, struct drm_file *filp)
{
	struct drm_exynos_file_private *file_priv = filp->driver_priv;
	struct g2d_userptr *u, *n;

	mutex_lock(&pool->lock);
	list_for_each_entry_safe(u, n, &file_priv->userptr_list, list)
		g2d_userptr_uncache(pool, u);
	WARN_ON_ONCE(!list_empty(&file_priv->userptr_list));
	mutex_unlock(&pool->lock);
}
