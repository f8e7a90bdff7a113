-- What is old is looked for by its age, and by what still points to it.

CREATE INDEX sms_inbound_by_age ON sms_inbound USING brin (received_at);
CREATE INDEX staff_task_by_inbound ON staff_task (inbound) WHERE inbound IS NOT NULL;
CREATE INDEX sms_question_by_inbound ON sms_question (inbound) WHERE inbound IS NOT NULL;
CREATE INDEX sms_question_by_expiry ON sms_question (expires_at);
CREATE INDEX staff_task_done ON staff_task (done_at) WHERE done_at IS NOT NULL;
