/// Userptrs of G2D are pinned through their owner, by exynos_drm_g2d_pin.c.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 9
// <smpl>
@@
@@
 #include "exynos_drm_g2d.h"
+#include "exynos_drm_g2d_pin.h"

@@
@@
-struct g2d_cmdlist_userptr {
-	...
-};

@@
@@
 struct g2d_data {
	...
	struct kmem_cache		*runqueue_slab;
+
+	/* memory that user space passed by address */
+	struct g2d_userptr_pool		userptr_pool;
-	unsigned long			current_pool;
-	unsigned long			max_pool;
 };

@@
@@
-static void g2d_userptr_put_dma_addr(struct g2d_data *g2d, void *obj,
-				     bool force)
-{
-...
-}

@@
typedef dma_addr_t;
@@
-static dma_addr_t *g2d_userptr_get_dma_addr(struct g2d_data *g2d,
-					     unsigned long userptr,
-					     unsigned long size,
-					     struct drm_file *filp, void **obj)
-{
-...
-}

@@
@@
-static void g2d_userptr_free_all(struct g2d_data *g2d, struct drm_file *filp)
-{
-...
-}

@@
expression addr, size, obj;
@@
 g2d_userptr_get_dma_addr(
-	g2d,
+	&g2d->userptr_pool, drm_dev,
	addr, size, file, obj)

@@
@@
	if (IS_ERR(addr)) {
-		ret = -EFAULT;
+		ret = PTR_ERR(addr);
		goto err;
	}

@@
expression obj;
@@
-g2d_userptr_put_dma_addr(g2d, obj, false)
+g2d_userptr_put_dma_addr(&g2d->userptr_pool, obj)

@@
expression file;
@@
-g2d_userptr_free_all(g2d, file)
+g2d_userptr_free_all(&g2d->userptr_pool, file)

@@
@@
-g2d->max_pool = MAX_POOL;
+g2d_userptr_pool_init(&g2d->userptr_pool, MAX_POOL);
// </smpl>
