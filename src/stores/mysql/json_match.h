#pragma once
// A condition that one document fulfils: the same text, and the same type of each value inside it.
// Pure. Errors: as json_text.h.

#include <string>
#include <string_view>

namespace wherry::stores::mysql {

// "CAST(`j` AS BINARY)=x'…' AND CONCAT_WS(',',JSON_TYPE(JSON_EXTRACT(`j`,…)),…)='DECIMAL,…'", of
// typed text (wire/mysql/json.h). `document` gives the document that is compared, on a server that
// prints a double without a fraction with a point ("1.0", MySQL 8 and newer) or without one ("1").
void append_same_json(std::string& out, std::string_view typed, const std::string& document,
                      bool point);

}  // namespace wherry::stores::mysql
