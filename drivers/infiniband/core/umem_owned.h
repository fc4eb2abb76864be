/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between umem.c, which lets go of any umem, and umem_owned.c.
 */
#ifndef _UMEM_OWNED_H
#define _UMEM_OWNED_H

struct ib_umem;

void ib_umem_owned_release(struct ib_umem *umem);

#endif
