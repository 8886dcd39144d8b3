-- A small shop for the tests: the schema only; data/make_shop adds the rows.
-- It loads on MariaDB 10.x and MySQL 5.7 alike and gives the same tables on both.
-- Foreign keys here never cascade (cascades: shop_cascade.sql). Events are disabled.
SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO';
DROP DATABASE IF EXISTS shop;
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
USE shop;

CREATE TABLE customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  email VARCHAR(190) NOT NULL,
  name VARCHAR(100) NOT NULL DEFAULT '' COMMENT 'as the customer writes it: 名前, الاسم',
  country CHAR(2) CHARACTER SET latin1 NOT NULL DEFAULT 'DE',
  loyalty_number INT UNSIGNED NULL,
  credit DECIMAL(12,2) NOT NULL DEFAULT 0.00,
  vip TINYINT(1) NOT NULL DEFAULT 0,
  born DATE NULL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id),
  UNIQUE KEY email (email),
  UNIQUE KEY loyalty_number (loyalty_number),
  KEY name_start (name(10))
) ENGINE=InnoDB;

CREATE TABLE addresses (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  customer_id BIGINT UNSIGNED NOT NULL,
  kind ENUM('billing','delivery','Büro') NOT NULL DEFAULT 'delivery',
  street VARCHAR(200) NOT NULL,
  city VARCHAR(100) CHARACTER SET latin1 NOT NULL,
  city_local VARCHAR(100) CHARACTER SET gbk NULL,
  postcode VARCHAR(12) CHARACTER SET latin1 COLLATE latin1_bin NULL,
  latitude DOUBLE NULL,
  longitude FLOAT NULL,
  PRIMARY KEY (id),
  KEY customer (customer_id, kind),
  CONSTRAINT address_of FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE RESTRICT
) ENGINE=InnoDB;

CREATE TABLE categories (
  id SMALLINT UNSIGNED NOT NULL,
  parent_id SMALLINT UNSIGNED NULL,
  title VARCHAR(80) NOT NULL,
  PRIMARY KEY (id),
  KEY parent (parent_id),
  CONSTRAINT category_in FOREIGN KEY (parent_id) REFERENCES categories (id)
) ENGINE=InnoDB;

CREATE TABLE products (
  id INT NOT NULL AUTO_INCREMENT,
  category_id SMALLINT UNSIGNED NOT NULL,
  sku VARCHAR(32) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL,
  title VARCHAR(200) NOT NULL,
  description MEDIUMTEXT NULL,
  price DECIMAL(10,2) UNSIGNED NOT NULL,
  weight FLOAT NULL,
  flags SET('new','sale','fragile','übergröße') NOT NULL DEFAULT '',
  features BIT(12) NOT NULL DEFAULT b'0',
  picture MEDIUMBLOB NULL,
  PRIMARY KEY (id),
  UNIQUE KEY sku (sku),
  KEY category (category_id),
  CONSTRAINT product_in FOREIGN KEY (category_id) REFERENCES categories (id) ON UPDATE RESTRICT
) ENGINE=InnoDB;

CREATE TABLE orders (
  id BIGINT NOT NULL AUTO_INCREMENT,
  customer_id BIGINT UNSIGNED NOT NULL,
  status ENUM('new','paid','sent','done','cancelled') NOT NULL DEFAULT 'new',
  note TEXT NULL,
  total DECIMAL(14,2) NOT NULL DEFAULT 0.00,
  ordered_at DATETIME(3) NOT NULL,
  sent_after TIME(2) NULL,
  PRIMARY KEY (id),
  KEY customer (customer_id),
  KEY ordered_at (ordered_at),
  CONSTRAINT order_of FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE NO ACTION
) ENGINE=InnoDB;

CREATE TABLE order_items (
  order_id BIGINT NOT NULL,
  line SMALLINT NOT NULL,
  product_id INT NOT NULL,
  quantity INT NOT NULL DEFAULT 1,
  price DECIMAL(10,2) NOT NULL,
  PRIMARY KEY (order_id, line),
  KEY product (product_id),
  CONSTRAINT item_in FOREIGN KEY (order_id) REFERENCES orders (id),
  CONSTRAINT item_is FOREIGN KEY (product_id) REFERENCES products (id)
) ENGINE=InnoDB;

CREATE TABLE payments (
  id BINARY(16) NOT NULL COMMENT 'ends in zero bytes now and then',
  order_id BIGINT NOT NULL,
  slot INT NULL COMMENT 'unique; the load swaps it between rows',
  amount DECIMAL(65,30) NOT NULL,
  method ENUM('card','transfer','现金') NOT NULL,
  paid_at TIMESTAMP(3) NULL,
  PRIMARY KEY (id),
  UNIQUE KEY slot (slot),
  KEY of_order (order_id),
  CONSTRAINT payment_for FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB;

CREATE TABLE reviews (
  product_id INT NOT NULL,
  customer_id BIGINT UNSIGNED NOT NULL,
  stars TINYINT NOT NULL,
  words TEXT NULL,
  words_gbk TEXT CHARACTER SET gbk NULL,
  written_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY one_each (product_id, customer_id),
  KEY customer (customer_id)
) ENGINE=InnoDB COMMENT='a unique key and no primary key';

CREATE TABLE sessions (
  token VARCHAR(120) NOT NULL,
  customer_id BIGINT UNSIGNED NULL,
  data BLOB NULL,
  seen_at TIMESTAMP(6) NULL,
  hits BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (token)
) ENGINE=InnoDB COLLATE=utf8mb4_unicode_ci;

CREATE TABLE inventory (
  warehouse CHAR(6) CHARACTER SET latin1 NOT NULL,
  grade ENUM('C','A','B') NOT NULL,
  product_id INT NOT NULL,
  amount MEDIUMINT NOT NULL,
  counted_on DATE NULL,
  PRIMARY KEY (warehouse, grade, product_id)
) ENGINE=InnoDB;

CREATE TABLE audit_log (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  what VARBINARY(64) NOT NULL,
  payload LONGBLOB NULL,
  details LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL /*M! CHECK (json_valid(details)) */,
  at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (id)
) ENGINE=InnoDB;

CREATE TABLE all_types (
  id BIGINT NOT NULL,
  u INT NULL,
  ti TINYINT NULL, tiu TINYINT UNSIGNED NULL, si SMALLINT NULL, siu SMALLINT UNSIGNED NULL,
  mi MEDIUMINT NULL, miu MEDIUMINT UNSIGNED NULL, i INT NULL, iu INT UNSIGNED NULL,
  bi BIGINT NULL, biu BIGINT UNSIGNED NULL, bo BOOL NULL, zf INT(5) ZEROFILL NULL,
  d10_0 DECIMAL(10,0) NULL, d65_30 DECIMAL(65,30) NULL, d65_0 DECIMAL(65,0) NULL,
  d20_6 DECIMAL(20,6) NULL, d10_2u DECIMAL(10,2) UNSIGNED NULL, d5_5 DECIMAL(5,5) NULL,
  f FLOAT NULL, fu FLOAT UNSIGNED NULL, f7_3 FLOAT(7,3) NULL,
  d DOUBLE NULL, du DOUBLE UNSIGNED NULL, d20_5 DOUBLE(20,5) NULL,
  b1 BIT(1) NULL, b7 BIT(7) NULL, b8 BIT(8) NULL, b9 BIT(9) NULL, b33 BIT(33) NULL, b64 BIT(64) NULL,
  da DATE NULL, y YEAR NULL,
  dt0 DATETIME(0) NULL, ts0 TIMESTAMP(0) NULL, t0 TIME(0) NULL,
  dt1 DATETIME(1) NULL, ts1 TIMESTAMP(1) NULL, t1 TIME(1) NULL,
  dt2 DATETIME(2) NULL, ts2 TIMESTAMP(2) NULL, t2 TIME(2) NULL,
  dt3 DATETIME(3) NULL, ts3 TIMESTAMP(3) NULL, t3 TIME(3) NULL,
  dt4 DATETIME(4) NULL, ts4 TIMESTAMP(4) NULL, t4 TIME(4) NULL,
  dt5 DATETIME(5) NULL, ts5 TIMESTAMP(5) NULL, t5 TIME(5) NULL,
  dt6 DATETIME(6) NULL, ts6 TIMESTAMP(6) NULL, t6 TIME(6) NULL,
  ch0 CHAR(0) NULL, ch CHAR(10) NULL, ch_latin1 CHAR(255) CHARACTER SET latin1 NULL,
  ch_gbk CHAR(20) CHARACTER SET gbk NULL, ch_long CHAR(200) NULL,
  vc VARCHAR(50) NULL, vc300 VARCHAR(300) NULL, vc_bin VARCHAR(50) COLLATE utf8mb4_bin NULL,
  vc_latin1 VARCHAR(50) CHARACTER SET latin1 NULL, vc_gbk VARCHAR(50) CHARACTER SET gbk NULL,
  vc_utf8mb3 VARCHAR(50) CHARACTER SET utf8 NULL, vc_binary VARCHAR(50) CHARACTER SET binary NULL,
  bin1 BINARY(1) NULL, bin16 BINARY(16) NULL, bin255 BINARY(255) NULL,
  vbin VARBINARY(10) NULL, vbin300 VARBINARY(300) NULL,
  tt TINYTEXT NULL, tx TEXT NULL, mt MEDIUMTEXT NULL, lt LONGTEXT NULL,
  tx_latin1 TEXT CHARACTER SET latin1 NULL, tx_gbk TEXT CHARACTER SET gbk NULL, tx_utf8mb3 TEXT CHARACTER SET utf8 NULL,
  tb TINYBLOB NULL, bl BLOB NULL, mb MEDIUMBLOB NULL, lb LONGBLOB NULL,
  e ENUM('a','b','','ü','with,comma','quote''s') NULL,
  e_gbk ENUM('甲','乙') CHARACTER SET gbk NULL,
  e300 ENUM('v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8', 'v9', 'v10', 'v11', 'v12', 'v13', 'v14', 'v15',
    'v16', 'v17', 'v18', 'v19', 'v20', 'v21', 'v22', 'v23', 'v24', 'v25', 'v26', 'v27', 'v28',
    'v29', 'v30', 'v31', 'v32', 'v33', 'v34', 'v35', 'v36', 'v37', 'v38', 'v39', 'v40', 'v41',
    'v42', 'v43', 'v44', 'v45', 'v46', 'v47', 'v48', 'v49', 'v50', 'v51', 'v52', 'v53', 'v54',
    'v55', 'v56', 'v57', 'v58', 'v59', 'v60', 'v61', 'v62', 'v63', 'v64', 'v65', 'v66', 'v67',
    'v68', 'v69', 'v70', 'v71', 'v72', 'v73', 'v74', 'v75', 'v76', 'v77', 'v78', 'v79', 'v80',
    'v81', 'v82', 'v83', 'v84', 'v85', 'v86', 'v87', 'v88', 'v89', 'v90', 'v91', 'v92', 'v93',
    'v94', 'v95', 'v96', 'v97', 'v98', 'v99', 'v100', 'v101', 'v102', 'v103', 'v104', 'v105',
    'v106', 'v107', 'v108', 'v109', 'v110', 'v111', 'v112', 'v113', 'v114', 'v115', 'v116', 'v117',
    'v118', 'v119', 'v120', 'v121', 'v122', 'v123', 'v124', 'v125', 'v126', 'v127', 'v128', 'v129',
    'v130', 'v131', 'v132', 'v133', 'v134', 'v135', 'v136', 'v137', 'v138', 'v139', 'v140', 'v141',
    'v142', 'v143', 'v144', 'v145', 'v146', 'v147', 'v148', 'v149', 'v150', 'v151', 'v152', 'v153',
    'v154', 'v155', 'v156', 'v157', 'v158', 'v159', 'v160', 'v161', 'v162', 'v163', 'v164', 'v165',
    'v166', 'v167', 'v168', 'v169', 'v170', 'v171', 'v172', 'v173', 'v174', 'v175', 'v176', 'v177',
    'v178', 'v179', 'v180', 'v181', 'v182', 'v183', 'v184', 'v185', 'v186', 'v187', 'v188', 'v189',
    'v190', 'v191', 'v192', 'v193', 'v194', 'v195', 'v196', 'v197', 'v198', 'v199', 'v200', 'v201',
    'v202', 'v203', 'v204', 'v205', 'v206', 'v207', 'v208', 'v209', 'v210', 'v211', 'v212', 'v213',
    'v214', 'v215', 'v216', 'v217', 'v218', 'v219', 'v220', 'v221', 'v222', 'v223', 'v224', 'v225',
    'v226', 'v227', 'v228', 'v229', 'v230', 'v231', 'v232', 'v233', 'v234', 'v235', 'v236', 'v237',
    'v238', 'v239', 'v240', 'v241', 'v242', 'v243', 'v244', 'v245', 'v246', 'v247', 'v248', 'v249',
    'v250', 'v251', 'v252', 'v253', 'v254', 'v255', 'v256', 'v257', 'v258', 'v259', 'v260', 'v261',
    'v262', 'v263', 'v264', 'v265', 'v266', 'v267', 'v268', 'v269', 'v270', 'v271', 'v272', 'v273',
    'v274', 'v275', 'v276', 'v277', 'v278', 'v279', 'v280', 'v281', 'v282', 'v283', 'v284', 'v285',
    'v286', 'v287', 'v288', 'v289', 'v290', 'v291', 'v292', 'v293', 'v294', 'v295', 'v296', 'v297',
    'v298', 'v299', 'v300') CHARACTER SET latin1 NULL,
  s SET('a','b','c','ö') NULL,
  s64 SET('f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9', 'f10', 'f11', 'f12', 'f13', 'f14', 'f15',
    'f16', 'f17', 'f18', 'f19', 'f20', 'f21', 'f22', 'f23', 'f24', 'f25', 'f26', 'f27', 'f28',
    'f29', 'f30', 'f31', 'f32', 'f33', 'f34', 'f35', 'f36', 'f37', 'f38', 'f39', 'f40', 'f41',
    'f42', 'f43', 'f44', 'f45', 'f46', 'f47', 'f48', 'f49', 'f50', 'f51', 'f52', 'f53', 'f54',
    'f55', 'f56', 'f57', 'f58', 'f59', 'f60', 'f61', 'f62', 'f63', 'f64') CHARACTER SET latin1 NULL,
  PRIMARY KEY (id),
  UNIQUE KEY u (u)
) ENGINE=InnoDB;

CREATE VIEW open_orders AS
  SELECT o.id, c.email, o.total FROM orders o JOIN customers c ON c.id = o.customer_id
  WHERE o.status IN ('new','paid');
CREATE VIEW best_products AS
  SELECT p.id, p.title, AVG(r.stars) AS stars FROM products p JOIN reviews r ON r.product_id = p.id
  GROUP BY p.id, p.title;

DELIMITER //
CREATE TRIGGER order_status AFTER UPDATE ON orders FOR EACH ROW
BEGIN
  IF NEW.status <> OLD.status THEN
    INSERT INTO audit_log (what, details)
    VALUES (CONCAT('order ', NEW.id), CONCAT('{"from":"', OLD.status, '","to":"', NEW.status, '"}'));
  END IF;
END//
CREATE TRIGGER item_quantity BEFORE INSERT ON order_items FOR EACH ROW
BEGIN
  IF NEW.quantity < 1 THEN SET NEW.quantity = 1; END IF;
END//
CREATE FUNCTION with_tax(net DECIMAL(12,2)) RETURNS DECIMAL(12,2) DETERMINISTIC
  RETURN net * 1.19//
CREATE PROCEDURE add_up(IN order_number BIGINT)
BEGIN
  UPDATE orders SET total = (SELECT COALESCE(SUM(quantity * price), 0) FROM order_items
                             WHERE order_id = order_number) WHERE id = order_number;
END//
CREATE EVENT forget_sessions ON SCHEDULE EVERY 1 HOUR DISABLE DO
  DELETE FROM shop.sessions WHERE seen_at < NOW() - INTERVAL 30 DAY//
DELIMITER ;
