/* json_sites.h: the allocation sites of LLVM IR, as JSON. Private to reports/. */
#ifndef VMO_REPORTS_JSON_SITES_H
#define VMO_REPORTS_JSON_SITES_H

#include "reports/reports.h"
#include "reports/writer.h"

/* "file", "line", "column"; null where they are not known. */
void vmo_put_place(vmo_json_writer *writer, const vmo_site_place *place);
/* A number; null: not known, below 0. */
void vmo_put_known(vmo_json_writer *writer, const char *name, vmo_bytes bytes);

/* The elements of "functions". */
void vmo_write_site_functions(vmo_json_writer *writer, const vmo_site_facts *facts);

#endif
