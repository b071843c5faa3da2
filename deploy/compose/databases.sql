-- One database a service; the first, hall_customer, is made by the image itself.
CREATE DATABASE hall_messaging;
CREATE DATABASE hall_complaints;
CREATE DATABASE hall_kpi;
