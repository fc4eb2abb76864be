/* SPDX-License-Identifier: GPL-2.0 */
/*
 * G2D as importer of memory that user space passes by address.
 */
#ifndef _EXYNOS_DRM_G2D_PIN_H_
#define _EXYNOS_DRM_G2D_PIN_H_

#include <linux/mutex.h>
#include <linux/types.h>

struct drm_device;
struct drm_file;

/**
 * struct g2d_userptr_pool - what G2D keeps pinned
 * @lock: guards the lists of userptrs of all files, and @size
 * @size: bytes of cached userptrs
 * @max: limit of @size
 */
struct g2d_userptr_pool {
	struct mutex	lock;	/* lists of userptrs, @size */
	unsigned long	size;
	unsigned long	max;
};

void g2d_userptr_pool_init(struct g2d_userptr_pool *pool, unsigned long max);
dma_addr_t *g2d_userptr_get_dma_addr(struct g2d_userptr_pool *pool,
				     struct drm_device *drm_dev,
				     unsigned long userptr, unsigned long size,
				     struct drm_file *filp, void **obj);
void g2d_userptr_put_dma_addr(struct g2d_userptr_pool *pool, void *obj);
void g2d_userptr_free_all(struct g2d_userptr_pool *pool, struct drm_file *filp);

#endif
