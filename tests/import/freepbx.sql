-- MySQL dump 10.19  Distrib 10.3.39-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: asterisk
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40103 SET TIME_ZONE='+00:00' */;

DROP TABLE IF EXISTS `devices`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE `devices` (
  `id` varchar(20) NOT NULL DEFAULT '',
  `tech` varchar(10) NOT NULL DEFAULT '',
  `dial` varchar(255) NOT NULL DEFAULT '',
  `devicetype` varchar(5) NOT NULL DEFAULT '',
  `user` varchar(50) DEFAULT NULL,
  `description` varchar(50) DEFAULT NULL,
  `emergency_cid` varchar(100) DEFAULT NULL,
  `hint_override` varchar(100) DEFAULT NULL,
  KEY `id` (`id`),
  KEY `tech` (`tech`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
LOCK TABLES `devices` WRITE;
/*!40000 ALTER TABLE `devices` DISABLE KEYS */;
INSERT INTO `devices` VALUES
('3001','pjsip','PJSIP/3001','fixed','3001','Anna O\'Hara','',NULL),
('3002','pjsip','PJSIP/3002','fixed','3002','Bert; \"B\"','',NULL),
('3003','sip','SIP/3003','fixed','3003','Carla','',NULL),
('3004','custom','Local/99','fixed','3004','Follow','',NULL);
/*!40000 ALTER TABLE `devices` ENABLE KEYS */;
UNLOCK TABLES;

CREATE TABLE `cel_notes` (
  `text` varchar(99) DEFAULT NULL
);
INSERT INTO `cel_notes` VALUES ('INSERT INTO `devices` VALUES (\'9999\');'),('it''s; (odd)');

CREATE TABLE `users` (
  `extension` varchar(20) NOT NULL DEFAULT '',
  `password` varchar(20) DEFAULT NULL,
  `name` varchar(50) DEFAULT NULL,
  `voicemail` varchar(50) DEFAULT NULL,
  `ringtimer` int(3) DEFAULT NULL,
  PRIMARY KEY (`extension`)
);
INSERT INTO `users` VALUES
('3001','','Anna O\'Hara','default',0),
('3002','','Bert; \"B\"','novm',0),
('3003','','Carla','novm',0),
('3004','','Follow','novm',0);

CREATE TABLE `sip` (
  `id` varchar(20) NOT NULL DEFAULT '-1',
  `keyword` varchar(30) NOT NULL DEFAULT '',
  `data` varchar(255) NOT NULL,
  `flags` int(1) NOT NULL DEFAULT 0,
  PRIMARY KEY (`id`,`keyword`)
);
INSERT INTO `sip` VALUES
('3001','sipdriver','chan_pjsip',2),('3001','secret','s3cr\\et\'',3),('3001','dtmfmode','rfc4733',4),('3001','trustrpid','yes',5),
('3001','sendrpid','pai',6),('3001','qualifyfreq','60',7),('3001','transport','',8),('3001','avpf','no',9),('3001','icesupport','no',10),
('3001','disallow','',11),('3001','allow','opus&alaw',12),('3001','mailbox','3001@device',13),('3001','max_contacts','3',14),
('3001','remove_existing','yes',15),('3001','context','from-internal',16),('3001','callerid','device <3001>',17),
('3001','account','3001',18),('3001','dial','PJSIP/3001',19),('3001','rtp_symmetric','yes',20),('3001','rewrite_contact','yes',21),
('3001','direct_media','yes',22),('3001','media_encryption','no',23),('3001','timers','yes',24),('3001','accountcode','',25),
('3001','namedcallgroup','',26),('3001','md5_cred','',27),('3001','force_callerid','no',28),
('3002','sipdriver','chan_pjsip',2),('3002','secret','another',3),('3002','dtmfmode','auto',4),('3002','allow','alaw&ulaw',5),
('3002','max_contacts','1',6),('3002','context','from-internal',7),('3002','callerid','device <3002>',8),('3002','webrtc','yes',9),
('3002','mailbox','3002@device',10),
('3003','sipdriver','chan_sip',2),('3003','secret','third',3),('3003','dtmfmode','rfc2833',4),('3003','canreinvite','no',5),
('3003','host','dynamic',6),('3003','type','friend',7),('3003','nat','yes',8),('3003','port','5060',9),('3003','qualify','yes',10),
('3003','qualifyfreq','60',11),('3003','transport','udp,tcp,tls',12),('3003','context','from-internal',13),
('3003','callerid','device <3003>',14),('3003','deny','0.0.0.0/0.0.0.0',15),('3003','permit','0.0.0.0/0.0.0.0',16),
('3003','allow','alaw',17),('3003','disallow','all',18),('3003','videosupport','inherit',19),('3003','dial','SIP/3003',20),
('tr-peer-1','host','sip.carrier.example',2),('tr-peer-1','secret','carrier-secret',3);

CREATE TABLE `trunks` (
  `trunkid` int(11) NOT NULL DEFAULT 0,
  `tech` varchar(20) NOT NULL,
  `channelid` varchar(190) NOT NULL,
  `name` varchar(50) NOT NULL DEFAULT '',
  PRIMARY KEY (`trunkid`,`tech`,`channelid`)
);
INSERT INTO `trunks` VALUES (1,'sip','carrier','Carrier');
-- Dump completed on 2026-11-26  3:00:01
