/* text_tables.h: the tables of one function, for people. Private to reports/. */
#ifndef VMO_REPORTS_TEXT_TABLES_H
#define VMO_REPORTS_TEXT_TABLES_H

#include "reports/table.h"

void vmo_write_section(const vmo_text_style *style, const char *title, vmo_text *out);
void vmo_write_spaces_table(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out);
/* Peak, storages, in place, refused, reuse, copies, dead values: those that there are. `full`: none is cut. */
void vmo_write_tables(const vmo_plan_facts *facts, const vmo_text_style *style, bool full, vmo_text *out);

#endif
