// SPDX-License-Identifier: GPL-2.0
/* What only Coccinelle sees, since it knows the types of variables */
int kept_by_another_name(struct importer *importer, unsigned long addr, int count)
{
	struct page **all = kvcalloc(count, sizeof(*all), GFP_KERNEL);
	struct page **pages = all + 1;
	long got = pin_user_pages_remote		/* expect: gup by Coccinelle */
		(importer->mm, addr, count - 1, 0, pages, NULL);

	if (got < count - 1)
		unpin_user_pages(pages, got);
	importer->pages = all;
	return got;
}
