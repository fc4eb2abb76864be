/* SPDX-License-Identifier: GPL-2.0 */
/*
 * videobuf2 as owner of the memory that its buffers map.
 */
#ifndef _MEDIA_VIDEOBUF2_VMA_OWNER_H
#define _MEDIA_VIDEOBUF2_VMA_OWNER_H

#include <linux/vma_owner.h>

extern const struct vma_owner_ops vb2_vma_owner_ops;

#endif
