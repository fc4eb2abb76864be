// SPDX-License-Identifier: GPL-2.0
/* Another driver of the folder, which nobody notifies */
int pages_of_neighbour(struct neighbour *neighbour, unsigned long addr)
{
	return get_user_pages_fast(addr, 1, 0, neighbour->pages); /* expect: gup */
}
