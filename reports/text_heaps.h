/* text_heaps.h: heaps and their sites, for people. Private to reports/. */
#ifndef VMO_REPORTS_TEXT_HEAPS_H
#define VMO_REPORTS_TEXT_HEAPS_H

#include "reports/reports.h"

/* "list.c:44:13" */
void vmo_add_place(const vmo_site_place *place, vmo_text *out);

/* "malloc, 24 bytes", and why it stays with malloc. */
void vmo_describe_heap_site(const vmo_heap_site *site, vmo_text *out);
/* "bump: objects of 24 bytes, aligned to 8; never freed" */
void vmo_describe_heap(const vmo_heap_fact *heap, vmo_text *out);

/* "127 objects of 24 bytes, 0 freed, ..." */
void vmo_describe_run(const vmo_profile_site *run, vmo_text *out);

/* All of them; of a summary the counts alone. */
void vmo_write_heaps(const vmo_heap_facts *facts, const vmo_text_style *style, bool summary, vmo_text *out);

#endif
