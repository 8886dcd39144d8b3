#include "tests/support/data/nasty_values.h"

#include <algorithm>

namespace wherry::tests {

namespace {

using enum ServerKind;
const std::vector<ServerKind> all{mariadb, mysql56, mysql57};
const std::vector<ServerKind> only_mariadb{mariadb};

std::string members(unsigned count) {
  std::string out;
  for (unsigned i = 0; i < count; ++i) out += (i == 0 ? "'m" : ",'m") + std::to_string(i) + "'";
  return out;
}

const std::vector<std::string> times{"'00:00:00'",        "'838:59:59'",         "'-838:59:59'",
                                     "'-00:00:00.1'",     "'-00:00:00.000001'",  "'-00:00:01.5'",
                                     "'23:59:59.999999'", "'-838:59:58.999999'", "'100:00:00.25'"};
const std::vector<std::string> datetimes{"'0000-00-00 00:00:00'",
                                         "'2020-00-00 00:00:00'",
                                         "'2020-02-00 10:11:12.5'",
                                         "'2021-02-31 23:59:59.999999'",
                                         "'9999-12-31 23:59:59.999999'",
                                         "'1000-01-01 00:00:00.000001'",
                                         "'0001-01-01'"};
const std::vector<std::string> timestamps{
    "'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", "'1970-01-01 00:00:01.000001'",
    "'2038-01-19 03:14:07.999999'", "'2020-03-29 01:30:00.25'"};
const std::vector<std::string> texts{
    "''",      "'NULL'",  "'\\\\N'",  "'\\\\'", "'a\\tb\\nc\\0d\\rE\\Z'",
    "'''\"`'", "' lead'", "'trail '", "'~'"};
const std::vector<std::string> bytes{"''",    "x'00'",     "x'0000'",     "x'6100'",
                                     "x'5c'", "x'5c4e'",   "x'ff00fe5c'", "'NULL'",
                                     "x'27'", "x'0d0a1a'", "x'2020'"};
const std::vector<std::string> shapes{
    "ST_GeomFromText('POINT(1 2)')",
    "ST_GeomFromText('POINT(-1e-300 1.7976931348623157e308)', 4326)",
    "ST_GeomFromText('LINESTRING(0 0,1 1,2 2)')",
    "ST_GeomFromText('POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,2 1,2 2,1 2,1 1))')",
    "ST_GeomFromText('MULTIPOINT(1 1,2 2)', 3857)",
    "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))')"};

// Of MySQL: what text cannot say is among them.
std::vector<std::string> json_documents() {
  std::string deep = "1";
  for (int i = 0; i < 50; ++i)
    deep = (i % 2 == 0 ? "[" : "{\"k\":") + deep + (i % 2 == 0 ? "]" : "}");
  return {
      "'null'",
      "'{}'",
      "'[]'",
      "'\"\"'",
      "'true'",
      "'[true, false, null]'",
      "'-1'",
      "'[0, 32767, -32768, 32768, 65535, 65536, 2147483647, -2147483648, 2147483648, 4294967295]'",
      "'[9223372036854775807, -9223372036854775808, 18446744073709551615]'",
      "'[1.0, 100.0, -0.0, 0.1, 1e15, 1e14, 1e16, 1e20, 1e-5, 1e-14, 1e-15, 1e-16, 5e-324]'",
      "'[1.7976931348623157e308, 123456789012345.6, 1234567890123456.5, 0.30000000000000004]'",
      "JSON_ARRAY(1.2345678901234567e-10, 12345678901234567890.5e0, 1/3e0, 2/3e0, "
      "9007199254740993e0)",
      "'{\"b\": 1, \"a\": 2, \"aa\": 3, \"\": 4, \"ü\": \"€😀\"}'",
      "JSON_ARRAY(CONVERT(x'0001080a0b0c0d1e1f225c2f7f' USING utf8mb4), 'é€😀')",
      "JSON_OBJECT('d', CAST('1.10' AS DECIMAL(5,2)), 'n', CAST('-0.00' AS DECIMAL(5,2)), 'l', "
      "CAST('-12345678901234567890123456789.123456789' AS DECIMAL(65,9)))",
      "JSON_ARRAY(CAST('10:11:12.5' AS TIME(1)), CAST('-10:00:00' AS TIME), CAST('2015-01-15 "
      "23:24:25.12' AS DATETIME(2)), CAST('2015-01-15' AS DATE), TIMESTAMP('2020-01-01'))",
      "JSON_ARRAY(1, CAST(1 AS UNSIGNED), 1e0, CAST(1 AS DECIMAL), 5000000000, CAST(5000000000 AS "
      "UNSIGNED), CAST(5e9 AS DECIMAL(12,2)), -5e9)",
      "JSON_ARRAY('2020-01-01', '2020-01-01 00:00:00.000000', '10:11:12.000000', "
      "'base64:type15:QUJD', '1.5', CAST('2020-01-01' AS DATE), CAST('0000-00-00' AS DATE), "
      "CAST('-00:00:00.1' AS TIME(6)))",
      "JSON_OBJECT('', 1.50, 'a', JSON_OBJECT('', 2e0, 'x.y', 2.50, 'it''s', 3.50, '\\\\\"[0]', "
      "CAST('2020-01-01' AS DATE), '€', 4.50))",
      "CAST(1.50 AS JSON)",
      // Bytes of a BLOB, 'z' and many.
      "JSON_ARRAY((SELECT d FROM (SELECT IFNULL('z', REPEAT(x'61',1000)) d LIMIT 1) b), (SELECT d "
      "FROM (SELECT IFNULL(REPEAT(x'61',70000), 'z') d LIMIT 1) b))",
      "CAST(CAST('2020-01-01' AS DATE) AS JSON)",
      "CAST(CAST(7 AS UNSIGNED) AS JSON)",
      "JSON_ARRAY(b'101', CAST(REPEAT('x',100) AS BINARY), CAST('' AS BINARY), x'00ff', "
      "REPEAT(x'61',57), REPEAT(x'61',58))",
      "'" + deep + "'",
      "JSON_ARRAY(REPEAT('x',127), REPEAT('y',128), REPEAT('z',70000))",
      "CONCAT('[\"', REPEAT('a\",\"', 30000), '\"]')",
      "CONCAT('{', REPEAT(' ', 10), '\"a\":[', REPEAT('{\"x\":1.5},', 9000), '2]}')",
  };
}

std::vector<std::string> with(std::vector<std::string> values,
                              const std::vector<std::string>& more) {
  values.insert(values.end(), more.begin(), more.end());
  return values;
}

std::vector<NastyColumn> make() {
  std::vector<NastyColumn> c;
  const auto add = [&](std::string name, std::string declared, std::vector<std::string> literals,
                       std::vector<ServerKind> holders = all) {
    c.push_back({std::move(name), std::move(declared), std::move(literals), std::move(holders)});
  };
  add("i8", "TINYINT", {"-128", "127", "0", "-1"});
  add("u8", "TINYINT UNSIGNED", {"255", "128", "0"});
  add("i16", "SMALLINT", {"-32768", "32767", "-1"});
  add("u16", "SMALLINT UNSIGNED", {"65535", "0"});
  add("i24", "MEDIUMINT", {"-8388608", "8388607", "-1"});
  add("u24", "MEDIUMINT UNSIGNED", {"16777215", "8388608"});
  add("i32", "INT", {"-2147483648", "2147483647", "-1"});
  add("u32", "INT(5) UNSIGNED ZEROFILL", {"4294967295", "7", "0"});
  add("i64", "BIGINT", {"-9223372036854775808", "9223372036854775807", "-1"});
  add("u64", "BIGINT UNSIGNED", {"18446744073709551615", "9223372036854775808", "0"});
  add("dec65", "DECIMAL(65,30)",
      {"99999999999999999999999999999999999.999999999999999999999999999999",
       "-99999999999999999999999999999999999.999999999999999999999999999999",
       "0.000000000000000000000000000001", "-0.000000000000000000000000000001", "0", "'-0.0'",
       "100000000.000000001"});
  add("dec_frac", "DECIMAL(30,30)", {"0.999999999999999999999999999999", "-0.1", "0"});
  add("dec_whole", "DECIMAL(65,0)", {"-1", "9", std::string(65, '9')});
  add("dec_zero", "DECIMAL(10,3) UNSIGNED ZEROFILL", {"1.5", "0", "9999999.999"});
  add("f", "FLOAT",
      {"3.402823466e38", "-3.402823466e38", "1.17549435e-38", "1.401298464e-45", "1e-40",
       "16777216", "16777217", "0.1", "'-0'", "1e-5", "123456.789"});
  add("f74", "FLOAT(7,4)", {"999.9999", "-0.00004", "1.23456"});
  add("d", "DOUBLE",
      {"1.7976931348623157e308", "-1.7976931348623157e308", "2.2250738585072014e-308", "5e-324",
       "0.1e0", "'-0'", "0.30000000000000004", "123456789012345678e0", "1e15", "1e16",
       "9007199254740993e0", "-1e-7"});
  add("d204", "DOUBLE(20,4)", {"1234567890123456.7891", "-0.00005"});
  for (const unsigned n : {1U, 7U, 8U, 9U, 31U, 33U, 63U, 64U}) {
    add("bit" + std::to_string(n), "BIT(" + std::to_string(n) + ")",
        {"0", "1", "~0 >> " + std::to_string(64 - n), "1 << " + std::to_string(n - 1)});
  }
  add("y", "YEAR", {"'0000'", "1901", "2155", "2000", "1970"});
  add("y2", "YEAR(2)", {"'00'", "'69'", "'70'", "'99'", "2005"}, only_mariadb);
  add("da", "DATE",
      {"'0000-00-00'", "'2020-00-00'", "'2020-02-00'", "'2021-02-31'", "'9999-12-31'",
       "'0001-01-01'"});
  for (const unsigned n : {0U, 1U, 2U, 3U, 4U, 5U, 6U}) {
    const std::string digits = std::to_string(n);
    add("t" + digits, "TIME(" + digits + ")", times);
    add("dt" + digits, "DATETIME(" + digits + ")", datetimes);
    add("ts" + digits, "TIMESTAMP(" + digits + ") NULL DEFAULT NULL", timestamps);
    for (const char* kind : {"t", "dt", "ts"}) {
      NastyColumn old =
          *std::find_if(c.begin(), c.end(), [&](const auto& x) { return x.name == kind + digits; });
      old.name += "_old";
      old.holders = only_mariadb;
      old.old_temporal = true;
      c.push_back(std::move(old));
    }
  }
  add("c_latin", "CHAR(5) CHARACTER SET latin1",
      {"''", "'a'", "_latin1 x'e92020'", "_latin1 x'5c'"});
  add("c_long", "CHAR(255) CHARACTER SET utf8mb4", {"''", "'ü€😀'", "REPEAT('😀',255)"});
  add("v1", "VARCHAR(1) CHARACTER SET utf8mb4", {"''", "'😀'", "' '"});
  add("v", "VARCHAR(300) CHARACTER SET utf8mb4",
      with(texts, {"'ü€😀'", "REPEAT('x',300)", "REPEAT('€',86)"}));
  add("v_utf8", "VARCHAR(85) CHARACTER SET utf8 COLLATE utf8_bin", {"'ü€'", "REPEAT('€',85)"});
  add("v_gbk", "VARCHAR(20) CHARACTER SET gbk",
      {"_gbk x'815c'", "_gbk x'815c5c27'", "_gbk x'd6d0b9fa'", "'\\\\'", "''"});
  add("v_big5", "VARCHAR(20) CHARACTER SET big5", {"_big5 x'a55c'", "_big5 x'a55c5c'"});
  add("v_sjis", "VARCHAR(20) CHARACTER SET sjis", {"_sjis x'835c'", "_sjis x'835c5c'"});
  add("v_ucs2", "VARCHAR(20) CHARACTER SET ucs2", {"'aü€'", "''", "'\\\\'"});
  add("v_utf16", "VARCHAR(20) CHARACTER SET utf16", {"'aü€😀'", "'NULL'"});
  add("v_utf32", "CHAR(10) CHARACTER SET utf32", {"'aü€😀'", "''"});
  add("v_1251", "VARCHAR(20) CHARACTER SET cp1251", {"'ж'", "_cp1251 x'5c'"});
  add("bin1", "BINARY(1)", {"x'00'", "x'20'", "''"});
  add("bin4", "BINARY(4)", {"''", "x'00'", "x'61'", "x'6100ff00'", "x'20202020'", "x'00000001'"});
  add("bin255", "BINARY(255)", {"''", "x'61'", "REPEAT(x'00',255)", "REPEAT(x'ff',255)"});
  add("vb", "VARBINARY(5)", {"''", "x'00'", "x'6100'", "x'5c4e'", "x'0000000000'"});
  add("vb300", "VARBINARY(300)", with(bytes, {"REPEAT(x'00',300)"}));
  add("tb", "TINYBLOB", with(bytes, {"REPEAT(x'00',255)"}));
  add("bl", "BLOB", with(bytes, {"REPEAT(x'5c27',30000)"}));
  add("mb", "MEDIUMBLOB", with(bytes, {"REPEAT(x'00ff',40000)"}));
  add("lb", "LONGBLOB", with(bytes, {"REPEAT('x',1000000)"}));
  add("tt", "TINYTEXT CHARACTER SET latin1", texts);
  add("tx", "TEXT CHARACTER SET utf8mb4", with(texts, {"REPEAT('😀',10000)"}));
  add("mt", "MEDIUMTEXT CHARACTER SET gbk", with(texts, {"_gbk x'815c'"}));
  add("lt", "LONGTEXT CHARACTER SET utf8mb4", with(texts, {"REPEAT('€',100000)"}));
  add("e", "ENUM('','a','b''c','d,e') CHARACTER SET utf8mb4", {"0", "1", "2", "3", "4"});
  add("e300", "ENUM(" + members(300) + ")", {"1", "255", "256", "300", "0"});
  add("e_gbk", "ENUM('中','国') CHARACTER SET gbk", {"1", "2"});
  add("s8", "SET(" + members(8) + ")", {"0", "1", "255", "128"});
  add("s9", "SET(" + members(9) + ")", {"256", "511"});
  add("s33", "SET(" + members(33) + ")", {"4294967296", "8589934591"});
  add("s64", "SET(" + members(64) + ")", {"0", "1", "9223372036854775808", "18446744073709551615"});
  add("g", "GEOMETRY", shapes);
  add("p", "POINT", {shapes[0], shapes[1]});
  add("poly", "POLYGON", {shapes[3]});
  add("line", "LINESTRING", {shapes[2]});
  add("points", "MULTIPOINT", {shapes[4]});
  add("lines", "MULTILINESTRING",
      {"ST_GeomFromText('MULTILINESTRING((0 0,1 1),(-2.5 3,4 5,6 7))')"});
  add("polys", "MULTIPOLYGON",
      {"ST_GeomFromText('MULTIPOLYGON(((0 0,9 0,9 9,0 9,0 0),(1 1,2 1,2 2,1 2,1 1)),((20 20,30 "
       "20,30 30,20 20)))')"});
  add("mixed", "GEOMETRYCOLLECTION", {shapes[5]});
  add("j", "JSON", json_documents(), {mysql57});
  add("jt", "JSON", {"'{\"a\": 1.0, \"b\" : [1,2 ]}'", "'null'", "'\"x\"'"}, only_mariadb);
  add("u", "UUID",
      {"'123e4567-e89b-12d3-a456-426655440000'", "'00000000-0000-0000-0000-000000000000'",
       "'ffffffff-ffff-ffff-ffff-ffffffffffff'", "'9c2d1b5a-6f3e-4d7c-8a1b-000000000000'",
       "'018f2a3b-4c5d-7e6f-8a9b-0c1d2e3f4000'", "'00112233-4455-6677-8899-aabbccddeeff'"},
      only_mariadb);
  add("i4", "INET4", {"'0.0.0.0'", "'255.255.255.255'", "'10.0.0.0'", "'1.2.3.92'"}, only_mariadb);
  add("i6", "INET6", {"'::'", "'::ffff:1.2.3.4'", "'2001:db8::'", "'fe80::5c:9'"}, only_mariadb);
  add("vc", "VARCHAR(100) COMPRESSED", with(texts, {"REPEAT('ab',50)"}), only_mariadb);
  add("vc20", "VARCHAR(20) CHARACTER SET latin1 COMPRESSED", {"''", "'a'"}, only_mariadb);
  add("bc", "BLOB COMPRESSED", with(bytes, {"REPEAT(x'00ff',20000)"}), only_mariadb);
  add("tc", "LONGTEXT CHARACTER SET utf8mb4 COMPRESSED", with(texts, {"REPEAT('€',50000)"}),
      only_mariadb);
  return c;
}

}  // namespace

const std::vector<NastyColumn>& nasty_columns() {
  static const std::vector<NastyColumn> columns = make();
  return columns;
}

bool holds(ServerKind kind, const NastyColumn& column) {
  return std::find(column.holders.begin(), column.holders.end(), kind) != column.holders.end();
}

unsigned make_nasty_table(const Server& server, const std::string& schema,
                          const NastyColumn& column) {
  const std::string table = "`" + schema + "`.`" + column.name + "`";
  std::string sql =
      "SET NAMES utf8mb4; SET time_zone='+00:00'; SET sql_mode='ALLOW_INVALID_DATES';";
  if (column.old_temporal) sql += "SET GLOBAL mysql56_temporal_format=OFF;";
  sql += "CREATE TABLE " + table + " (id INT PRIMARY KEY, v " + column.declared +
         ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;";
  if (column.old_temporal) sql += "SET GLOBAL mysql56_temporal_format=ON;";
  unsigned rows = 1;
  sql += "INSERT INTO " + table + " VALUES (1,NULL)";
  for (const auto& literal : column.literals) {
    sql += ",(" + std::to_string(++rows) + "," + literal + ")";
  }
  server.exec_sql(sql);
  return rows;
}

}  // namespace wherry::tests
