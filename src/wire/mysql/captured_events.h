#pragma once
// For tests: events as real servers wrote them (MariaDB 10.11.19, MySQL 5.7.29; binlog_format=ROW,
// CRC32), in hex, and the tables they are about. Made with time_zone '+02:00':
//   nums   VALUES (-128, 255, -32768, -8388608, 16777215, 1901, 4294967295, -9223372036854775808,
//   18446744073709551615, 16777216, 0.1,
//            -1234567.891, -123456789012345678.12345678901234567890, 0.000000001, b'101010101010',
//            18446744073709551615), (NULL, …), (1, 1, 1, 1, 1, 0, 1, 1, 1, 0.1, -1e300, 0, 12,
//            -0.5, 1, 9223372036854775808)
//   times  VALUES ('2024-02-29', '-838:59:59', '12:34:56.7', '-00:00:00.001', '-838:59:58.999999',
//   '9999-12-31 23:59:59',
//            '2024-02-29 12:34:56.78', '1000-01-01 00:00:00.000001', '2024-02-29 12:34:56',
//            '2024-02-29 12:34:56.7890'),
//            ('0000-00-00', '00:00:00', '-00:00:00.1', '100:00:00.001', '00:00:00.000001',
//            '2023-00-31 01:02:03', zero dates …)
//   strs   VALUES ('abc', '€ü', ' x ', 'long', x'0001020000', x'0000', 't', x'00', 'q', 'x,z'),
//   ('', …), (NULL, …) wide   VALUES ('e299', 's0,s63', 's9,s0'), ('e0', '', 's8')

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "model/schema.h"

namespace wherry::wire::mysql::captured {

inline std::string bytes(std::string_view hex) { return base::from_hex(hex).value(); }

inline model::Column column(std::string name, model::ColumnType type) {
  model::Column c;
  c.name = std::move(name);
  c.type = type;
  c.declared = model::to_string(type);
  return c;
}

inline model::TableSchema table(std::string name, std::vector<model::Column> columns) {
  model::TableSchema s;
  s.name = {"t", std::move(name)};
  s.columns = std::move(columns);
  s.engine = "InnoDB";
  return s;
}

inline model::TableSchema nums() {
  using T = model::ColumnType;
  auto s = table("nums", {column("a", T::tinyint), column("b", T::tinyint),
                          column("c", T::smallint), column("d", T::mediumint),
                          column("e", T::mediumint), column("y", T::year), column("f", T::integer),
                          column("g", T::bigint), column("h", T::bigint), column("i", T::float_),
                          column("j", T::double_), column("k", T::decimal), column("l", T::decimal),
                          column("m", T::decimal), column("n", T::bit), column("o", T::bit)});
  for (const std::size_t i : {1U, 4U, 6U, 8U}) s.columns[i].is_unsigned = true;
  s.columns[11].precision = 10;
  s.columns[11].scale = 3;
  s.columns[12].precision = 38;
  s.columns[12].scale = 20;
  s.columns[13].precision = 9;
  s.columns[13].scale = 9;
  s.columns[14].length = 12;
  s.columns[15].length = 64;
  return s;
}

inline model::TableSchema times() {
  using T = model::ColumnType;
  auto s = table("times", {column("a", T::date), column("b", T::time), column("c", T::time),
                           column("d", T::time), column("e", T::time), column("f", T::datetime),
                           column("g", T::datetime), column("h", T::datetime),
                           column("i", T::timestamp), column("j", T::timestamp)});
  s.columns[2].fraction = 1;
  s.columns[3].fraction = 3;
  s.columns[4].fraction = 6;
  s.columns[6].fraction = 2;
  s.columns[7].fraction = 6;
  s.columns[9].fraction = 4;
  return s;
}

inline model::TableSchema strs() {
  using T = model::ColumnType;
  auto s = table("strs", {column("a", T::char_), column("b", T::char_), column("c", T::varchar),
                          column("d", T::varchar), column("e", T::binary),
                          column("f", T::varbinary), column("g", T::text), column("h", T::blob),
                          column("i", T::enum_), column("j", T::set), column("v", T::integer)});
  constexpr std::uint64_t lengths[]{5, 400, 80, 300, 8, 8, 255, 16777215};
  for (std::size_t i = 0; i < std::size(lengths); ++i) s.columns[i].length = lengths[i];
  s.columns[8].member_count = 2;
  s.columns[9].member_count = 3;
  s.columns[10].generated = true;
  return s;
}

inline model::TableSchema wide() {
  using T = model::ColumnType;
  auto s = table("wide", {column("a", T::enum_), column("b", T::set), column("c", T::set)});
  s.columns[0].member_count = 300;
  s.columns[1].member_count = 64;
  s.columns[2].member_count = 10;
  return s;
}

namespace mariadb {

inline constexpr std::string_view format =
    "f03632660f01000000fc000000000100000000040031302e31312e31392d4d6172696144422d302b64656231"
    "3275312d6c6f6700000000000000000000000000000000000000000000000013380d00080012000404040412"
    "0000e400041a08000000080808020000000a0a0a0000000000000a0a0a000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000041304000d0808080a0a0a011d67b69d";
inline constexpr std::string_view gtid_list =
    "f0363266a3010000002b0000002b01000000000100000000000000010000005b00000000000000b95d0599";
inline constexpr std::string_view checkpoint =
    "f0363266a1010000002b000000560100000000100000006d7973716c2d62696e2e303030303038bd3b8a9a";
inline constexpr std::string_view gtid =
    "f0363266a2010000002a000000ab01000008005c00000000000000000000000c000000000000168ca682";
inline constexpr std::string_view annotate =
    "f0363266a00100000032000000a10a0000000044454c4554452046524f4d207374727320574845524520613d"
    "27272e9fa697";
inline constexpr std::string_view nums_map =
    "f036326613010000004c0000008703000000003900000000000100017400046e756d73001001010209090d03"
    "08080405f6f6f610100c04080a032614090904010008ffff01024e8057e875ae";
inline constexpr std::string_view nums_rows =
    "f03632661701000000c80000004f0400000000390000000000010010ffff000080ff0080000080ffffff01ff"
    "ffffff0000000000000080ffffffffffffffff0000804b9a9999999999b93f7fed2978fc8478a432eaff439e"
    "b1f8a432eaff439eb1a5800000010aaaffffffffffffffffffff000001010100010000010000000100000001"
    "000000000000000100000000000000cdcccc3d9c7500883ce437fe800000000000800000000000000c000000"
    "00000000000062329aff00018000000000000000246ec2b3";
inline constexpr std::string_view xid =
    "f036326610010000001f0000006e0400000000ce00000000000000fc8416e8";
inline constexpr std::string_view times_map =
    "f03632661301000000400000006406000000003a000000000001000174000574696d6573000a0a1313131312"
    "1212111109000103060002060004ff03e8882520";
inline constexpr std::string_view times_rows =
    "f036326617010000008a000000ee06000000003a000000000001000aff0300fc5dd00f4b910580c8b8467fff"
    "fffff64b9105f0bdc1fef3ff7efb99b2bac8b84e8cb242000000000165e05dd065e05dd01ed200fc00000080"
    "00007ffffff6864000000a80000000000199aefe108380000000000080000000000000000000000000000000"
    "00000964415c";
inline constexpr std::string_view strs_map =
    "f03632661301000000560000006d08000000003b000000000001000174000473747273000bfefe0f0ffe0ffc"
    "fcfefe0312fe05ee9050002c01fe0808000103f701f801ff070101000308082d2d083f3f083f07ec6bd9";
inline constexpr std::string_view strs_rows =
    "f0363266170100000066000000d308000000003b000000000001000bff0700f8036162630500e282acc3bc03"
    "20782004006c6f6e670300010202000001740100000002050200000000f80000000000000000000000000000"
    "02000000fffb020000003d721a30";
inline constexpr std::string_view strs_update =
    "f0363266180100000078000000260a000000003b000000000001000bff07ff0700f8036162630500e282acc3"
    "bc0320782004006c6f6e670300010202000001740100000002050200000000f8036162630500e282acc3bc03"
    "6e657704006c6f6e6703000102020000017401000000020502000000fc4081ba";
inline constexpr std::string_view strs_delete =
    "f03632661901000000360000002d0b000000003b000000000001000bff0700f8000000000000000000000000"
    "000002000000d8db9824";
inline constexpr std::string_view wide_map =
    "f0363266130100000034000000000c000000003c0000000000010001740004776964650003fefefe06f702f8"
    "08f80207b94ca157";
inline constexpr std::string_view wide_rows =
    "f036326617010000003b0000003b0c000000003c000000000001000307f82c0101000000000000800102f801"
    "0000000000000000000001a77f948f";
inline constexpr std::string_view rotate =
    "f036326604010000002f000000890c0000000004000000000000006d7973716c2d62696e2e3030303031304e"
    "00aa56";

// With binlog_row_metadata=FULL.
inline constexpr std::string_view nums_map_full =
    "f036326613010000006e0000002e02000000003900000000000100017400046e756d73001001010209090d03"
    "08080405f6f6f610100c04080a032614090904010008ffff01024e8004200161016201630164016501790166"
    "016701680169016a016b016c016d016e016f468372a2";
inline constexpr std::string_view strs_map_full =
    "f03632661301000000810000006203000000003b000000000001000174000473747273000bfefe0f0ffe0ffc"
    "fcfefe0312fe05ee9050002c01fe0808000103f701f801ff070101000308082d2d083f3f083f041601610162"
    "0163016401650166016701680169016a01760a010805070301780179017a060502017001715467efb4";
inline constexpr std::string_view strs_rows_full =
    "f036326617010000002b0000008d03000000003b000000000001000bff07fefa01780102000000ea29346d";
inline constexpr std::string_view nums_rows_full =
    "f036326617010000002e0000005c0200000000390000000000010010ffffdefeff780100000000000000f2bb"
    "38aa";

// With log_bin_compress=ON.
inline constexpr std::string_view strs_map_compressed =
    "f03632661301000000810000009904000000003b000000000001000174000473747273000bfefe0f0ffe0ffc"
    "fcfefe0312fe05ee9050002c01fe0808000103f701f801ff070101000308082d2d083f3f083f041601610162"
    "0163016401650166016701680169016a01760a010805070301780179017a06050201700171efc71746";
inline constexpr std::string_view rows_compressed =
    "f0363266a60100000039000000d204000000003b000000000001000bff0782012a789cfbfe5b893171141000"
    "4c0c0c0c009bbb6ffa111dce23";
inline constexpr std::string_view query_compressed =
    "f0363266a50100000079000000bf050000000020000000b8b5ce040100002300000000000101000020540000"
    "0000060373746404210021002d0081e20000000000000074008189789c4b2e4a4d2c495528494cca49552848"
    "4cce4e4dd1c854c8cc2b5148cecfcd4d05d2ea897400ea9a00a6c832af2a141374";

}  // namespace mariadb

namespace mysql57 {

inline constexpr std::string_view format =
    "f03632660f02000000770000007b00000000000400352e372e32392d6c6f6700000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000013380d00080012000404040412"
    "00005f00041a08000000080808020000000a0a0a2a2a0012340001953576db";
inline constexpr std::string_view previous_gtids =
    "f0363266230200000047000000c2000000800001000000000000001ba96872e54411f19a6402fc0000000101"
    "000000000000000100000000000000440000000000000063df6e2c";
inline constexpr std::string_view gtid =
    "f0363266210200000041000000030100000000001ba96872e54411f19a6402fc000000014400000000000000"
    "02000000000000000001000000000000002f1df618";
inline constexpr std::string_view begin =
    "f036326602020000004500000048010000080017000000b8b5ce040100001a00000000000001000000020000"
    "00000603737464042d002d002d007400424547494e665ce688";
inline constexpr std::string_view rows_query =
    "f03632661d0200000033000000a50b000080001b44454c4554452046524f4d20737472732057484552452061"
    "3d2727e7a4008a";
inline constexpr std::string_view nums_map =
    "f03632661302000000480000002103000000008500000000000100017400046e756d73001001010209090d03"
    "08080405f6f6f610100c04080a032614090904010008ffff68e0830e";
inline constexpr std::string_view nums_rows =
    "f03632661e02000000ca000000eb03000000008500000000000100020010ffff000080ff0080000080ffffff"
    "01ffffffff0000000000000080ffffffffffffffff0000804b9a9999999999b93f7fed2978fc8478a432eaff"
    "439eb1f8a432eaff439eb1a5800000010aaaffffffffffffffffffff00000101010001000001000000010000"
    "0001000000000000000100000000000000cdcccc3d9c7500883ce437fe800000000000800000000000000c00"
    "000000000000000062329aff00018000000000000000a035cb4d";
inline constexpr std::string_view xid =
    "f036326610020000001f0000000a0400000000ae000000000000003589f494";
inline constexpr std::string_view times_map =
    "f036326613020000004000000065060000000086000000000001000174000574696d6573000a0a1313131312"
    "1212111109000103060002060004ff039c069541";
inline constexpr std::string_view times_rows =
    "f03632661e020000008c000000f10600000000860000000000010002000affff00fc5dd00f4b910580c8b846"
    "7ffffffff64b9105f0bdc1fef3ff7efb99b2bac8b84e8cb242000000000165e05dd065e05dd01ed200fc0000"
    "008000007ffffff6864000000a80000000000199aefe10838000000000008000000000000000000000000000"
    "000000001946715d";
inline constexpr std::string_view strs_map =
    "f0363266130200000049000000c0080000000087000000000001000174000473747273000bfefe0f0ffe0ffc"
    "fcfefe0312fe05ee9050002c01fe0808000103f701f801ff073fa4269f";
inline constexpr std::string_view strs_rows =
    "f03632661e0200000068000000280900000000870000000000010002000bffff00f8036162630500e282acc3"
    "bc0320782004006c6f6e670300010202000001740100000002050200000000f8000000000000000000000000"
    "000002000000fffb02000000a9d7fbbf";
inline constexpr std::string_view strs_update =
    "f03632661f020000007a000000cd0a00000000870000000000010002000bffffffff00f8036162630500e282"
    "acc3bc0320782004006c6f6e670300010202000001740100000002050200000000f8036162630500e282acc3"
    "bc036e657704006c6f6e670300010202000001740100000002050200000092be6856";
inline constexpr std::string_view strs_delete =
    "f0363266200200000038000000260c00000000870000000000010002000bffff00f800000000000000000000"
    "0000000002000000df14ba3c";
inline constexpr std::string_view wide_map =
    "f0363266130200000034000000560d00000000880000000000010001740004776964650003fefefe06f702f8"
    "08f80207e6a18637";
inline constexpr std::string_view wide_rows =
    "f03632661e020000003d000000930d000000008800000000000100020003fff82c0101000000000000800102"
    "f8010000000000000000000001d15c9092";
inline constexpr std::string_view rotate =
    "f036326604020000002f000000e10d0000000004000000000000006d7973716c2d62696e2e303030303037a3"
    "ed553e";

}  // namespace mysql57

// Of a MySQL 8.0 with binlog_transaction_compression=ON, as Vitess keeps it in its tests
// (go/mysql/binlog_event_mysql56_test.go, TestMysql56DecodeTransactionPayload); its checksum left
// out, its size told so:
//   begin; insert into customer values (1, "mlord@planetscale.com"), (2, "sup@planetscale.com");
//   commit;
namespace mysql80 {

inline constexpr std::string_view payload =
    "c7e14b64285bd2c719d70000003a50000000000201000303fcfe000101b80028b52ffd0058640500f249232a"
    "a027690cffe806ebfec3ab8a7bc036425c6f1b2ffb6ec49ae66e6bda08f1377effb86cbc273cb74fee14ffaf"
    "090669e312684a6ec3e128af3fc8141cc360cee31e184c63a135907904e8a9eb4a1bd741537217a423a44768"
    "00a237eec1c771302419fd78491b97d294dc85a221c1b0638d7b0f328707e239f07c3e01fe138f11d0059fbc"
    "185991362e6d4a6e0b005e2810c0025077e06430029e0954ec806d07a4c17d60e4017801010000";

}  // namespace mysql80

}  // namespace wherry::wire::mysql::captured
