/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __DRM_GEM_VMA_OWNER_H__
#define __DRM_GEM_VMA_OWNER_H__

struct vma_owner_ops;

/*
 * For operations of VMAs whose vm_private_data is a GEM object that has a dma-buf
 * or can be exported. vm_pgoff counts from the beginning of the object, or
 * is the fake offset.
 */
#ifdef CONFIG_VMA_OWNER
extern const struct vma_owner_ops drm_gem_owner_ops;
extern const struct vma_owner_ops drm_gem_fake_offset_owner_ops;
#endif

#endif
