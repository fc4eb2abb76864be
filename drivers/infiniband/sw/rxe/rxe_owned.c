// SPDX-License-Identifier: GPL-2.0
/*
 * Memory regions of memory that another driver owns. It is mapped for the kernel
 * as a whole, and perhaps has no pages.
 */
#include "rxe.h"

int rxe_owned_mr_init(struct ib_umem *umem, struct rxe_mr *mr)
{
	/* As of pages that are not persistent */
	if (mr->access & IB_ACCESS_FLUSH_PERSISTENT)
		return -EINVAL;
	mr->umem = umem;
	mr->ibmr.type = IB_MR_TYPE_USER;
	mr->state = RXE_MR_STATE_VALID;
	return 0;
}

static void *rxe_owned_vaddr(struct rxe_mr *mr, u64 iova)
{
	return ib_umem_vaddr(mr->umem) + (iova - mr->ibmr.iova);
}

/* The caller has checked the range */
int rxe_owned_mr_copy(struct rxe_mr *mr, u64 iova, void *addr,
		      unsigned int length, enum rxe_mr_copy_dir dir)
{
	void *va = rxe_owned_vaddr(mr, iova);

	if (dir == RXE_FROM_MR_OBJ)
		memcpy(addr, va, length);
	else
		memcpy(va, addr, length);
	return 0;
}

static enum resp_states rxe_owned_check(struct rxe_mr *mr, u64 iova)
{
	if (mr->state != RXE_MR_STATE_VALID ||
	    mr_check_range(mr, iova, sizeof(u64)))
		return RESPST_ERR_RKEY_VIOLATION;
	if (!IS_ALIGNED((unsigned long)rxe_owned_vaddr(mr, iova), sizeof(u64)))
		return RESPST_ERR_MISALIGNED_ATOMIC;
	return RESPST_NONE;
}

enum resp_states rxe_owned_atomic_op(struct rxe_mr *mr, u64 iova, int opcode,
				     u64 compare, u64 swap_add, u64 *orig_val)
{
	enum resp_states ret = rxe_owned_check(mr, iova);
	u64 *va;

	if (ret)
		return ret;
	va = rxe_owned_vaddr(mr, iova);
	spin_lock_bh(&atomic_ops_lock);
	*orig_val = *va;
	if (opcode != IB_OPCODE_RC_COMPARE_SWAP)
		*va += swap_add;
	else if (*va == compare)
		*va = swap_add;
	spin_unlock_bh(&atomic_ops_lock);
	return RESPST_NONE;
}

enum resp_states rxe_owned_atomic_write(struct rxe_mr *mr, u64 iova, u64 value)
{
	enum resp_states ret = rxe_owned_check(mr, iova);

	if (ret)
		return ret;
	/* After all operations before it */
	smp_store_release((u64 *)rxe_owned_vaddr(mr, iova), value);
	return RESPST_NONE;
}
