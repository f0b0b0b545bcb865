use super::*;

fn ctx() -> Json {
    json!({"session": "01".repeat(16), "counter": 0, "officer": "rina", "device": "A", "at": 1_800_000_000,
           "save_number": 0, "save_previous": null})
}

fn ok(name: &str, input: Json, blobs: &[Vec<u8>]) -> Answer {
    call(name, input, blobs).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// Puts the blobs of an answer behind those already there and returns the JSON with moved references.
fn moved(json: &Json, by: usize) -> Json {
    match json {
        Json::Object(map) if map.contains_key("$b") => {
            json!({"$b": map["$b"].as_u64().unwrap() + by as u64})
        }
        Json::Object(map) => map.iter().map(|(key, value)| (key.clone(), moved(value, by))).collect(),
        Json::Array(items) => items.iter().map(|item| moved(item, by)).collect(),
        other => other.clone(),
    }
}

#[test]
fn a_ticket_travels_as_a_frame_and_comes_back_as_a_record() {
    let day = "05".repeat(16);
    let issued = ok(
        "ticket_issue",
        json!({"ctx": ctx(), "day": day, "letter": "A", "number": 17, "random": {"$b": 0}}),
        &[vec![7; 8]],
    );
    assert_eq!(issued.json["ticket"], "A-017");
    let save = &issued.json["save"];
    let header = json!({"device": "02".repeat(16), "previous": null, "day": day, "app_version": "0.1.0",
                        "started_at": 1_800_000_000});
    let cut = ok(
        "frame_cut",
        json!({"session": "01".repeat(16), "number": 0, "previous": null, "header": header, "saves": [save]}),
        &issued.blobs,
    );
    assert_eq!(cut.json["saves_taken"], 1);
    let signature = vec![9; 64];
    let sealed = ok(
        "frame_seal",
        json!({"payload": {"$b": 0}, "signature": {"$b": 1}}),
        &[cut.blobs[0].clone(), signature],
    );
    let frame = crate::frame::Frame::decode(&sealed.blobs[0]).unwrap();
    assert_eq!(frame.entries().count(), 1);
    let hello = json!({"device": "02".repeat(16), "day": day, "chains": [], "pull": null});
    let body = ok("request_encode", json!({"hello": hello, "frames": [{"$b": 0}]}), &sealed.blobs);
    assert!(body.blobs[0].starts_with(b"MPPS\x01"));

    let entry = &save["entries"][0];
    let gone = json!({"frame": {"$b": 0}, "documents": [entry["document"]]});
    let erased = ok("frame_erase", gone.clone(), &sealed.blobs);
    let left = crate::frame::Frame::decode(&erased.blobs[0]).unwrap();
    assert!(left.is(&frame) && left.entries().all(crate::save::Entry::is_erased));
    assert!(ok("frame_erase", gone, &erased.blobs).json["frame"].is_null(), "nothing left to erase");
    let mut named = save.clone();
    named["entries"][0]["change"] = Json::Null;
    let by_name = json!({"session": "01".repeat(16), "number": 0, "previous": null, "header": header, "saves": [named]});
    assert_eq!(ok("frame_cut", by_name, &[]).json["hash"], cut.json["hash"], "a frame covers names only");

    let documents = json!([{"id": entry["document"], "kind": "visit", "have": [], "add": [entry["change"]]}]);
    let applied = ok("documents_apply", json!({"documents": documents}), &issued.blobs);
    assert_eq!(applied.json["documents"][0]["view"]["ticket"], "A-017");
    assert_eq!(applied.json["documents"][0]["accepted"], json!([0]));
}

#[test]
fn an_application_is_registered_edited_and_moved_on() {
    let applicant = json!({"nik": "1604104112019901", "name": "Sulastri", "village": "16.04.10.2001"});
    let made = ok(
        "application_register",
        json!({"ctx": ctx(), "day": "05".repeat(16), "service": "DUKCAPIL-02", "standard": 1,
               "applicant": applicant, "fields": {}, "checks": {"0": true}, "tracking": null, "random": {"$b": 0}}),
        &[vec![7; 8]],
    );
    let entries = made.json["save"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    let entry = entries.iter().find(|entry| entry["kind"] == "application").unwrap();
    assert_eq!(entry["view"]["tracking"], made.json["tracking"]);
    let mut context = ctx();
    context["save_number"] = json!(1);
    context["save_previous"] = made.json["save"]["hash"].clone();
    let edited = ok(
        "document_edit",
        json!({"ctx": context.clone(), "kind": "application", "id": entry["document"], "changes": [entry["change"]],
               "set": {"notes": "Lansia", "check/0": false}}),
        &made.blobs,
    );
    let view = &edited.json["save"]["entries"][0]["view"];
    assert_eq!((&view["notes"], &view["checks"]["0"]), (&json!("Lansia"), &json!(false)));

    let mut blobs = made.blobs.clone();
    let second = moved(&edited.json["save"]["entries"][0]["change"], blobs.len());
    blobs.extend(edited.blobs);
    let changes = json!([entry["change"], second]);
    let moved_on = ok(
        "status_add",
        json!({"ctx": context, "id": entry["document"], "changes": changes, "status": "verified"}),
        &blobs,
    );
    assert_eq!(moved_on.json["save"]["entries"][0]["view"]["status"]["current"], "verified");
    let seen = ok(
        "document_view",
        json!({"id": entry["document"], "kind": "application", "changes": changes}),
        &blobs,
    );
    assert_eq!(seen.json["history"].as_array().unwrap().len(), 2);
    assert_eq!(seen.json["history"][0]["officer"], "rina");
}

#[test]
fn a_document_that_does_not_open_whole_is_not_edited() {
    let broken = json!({"ctx": ctx(), "id": "09".repeat(16), "changes": [{"$b": 0}], "status": "verified"});
    assert_eq!(call("status_add", broken, &[vec![1; 30]]).unwrap_err().code, "DOCUMENT_INCOMPLETE");
}

#[test]
fn input_errors_come_back_with_their_fields() {
    let error = call(
        "application_register",
        json!({"ctx": ctx(), "day": "05".repeat(16), "service": "", "applicant": {}, "random": {"$b": 0}}),
        &[vec![7; 8]],
    )
    .unwrap_err();
    assert_eq!(error.code, "INPUT_INVALID");
    assert!(error.detail.to_string().contains("applicant.name"));
}

#[test]
fn rules_answer_by_name() {
    let nik = ok("nik_read", json!({"nik": "1604104112019901", "today": "2026-11-22"}), &[]).json;
    assert_eq!((&nik["birth_date"], &nik["sex"]), (&json!("2001-12-01"), &json!("P")));
    let person = json!({"name": "N", "nik": "1604104112019901", "village": "16.04.10.2001"});
    let checked =
        ok("person_check", json!({"person": person, "today": "2026-11-22", "required": "applicant"}), &[]);
    assert_eq!(
        checked.json["findings"],
        json!([{"field": "name", "code": "name_one_letter", "severity": "warning"}])
    );
    assert_eq!(ok("search_key", json!({"text": "Nur'aini, moh."}), &[]).json["key"], "NURAINI MUHAMAD");
    assert_eq!(
        ok("next_statuses", json!({"current": "ready"}), &[]).json["statuses"][0]["status"],
        "handed_over"
    );
    assert_eq!(ok("tracking_check", json!({"code": "xxxxx"}), &[]).json["code"], Json::Null);
    let fields =
        json!({"declared": [{"key": "a", "label": "A", "type": "text", "required": true}], "values": {}});
    assert_eq!(ok("fields_check", fields, &[]).json["findings"][0]["code"], "field_required");
}

#[test]
fn wrong_calls_are_errors_and_never_panics() {
    assert_eq!(call("nothing", Json::Null, &[]).unwrap_err().code, "UNKNOWN_FUNCTION");
    let names = [
        "nik_read",
        "person_check",
        "fields_check",
        "search_key",
        "next_statuses",
        "tracking_check",
        "ticket_issue",
        "application_register",
        "document_edit",
        "status_add",
        "resident_decide",
        "documents_apply",
        "document_view",
        "residents_group",
        "frame_cut",
        "frame_seal",
        "frame_erase",
        "request_encode",
        "response_records",
        "push_plan",
        "bundle_seal",
        "bundle_finish",
    ];
    for name in names {
        assert_eq!(call(name, json!({}), &[]).unwrap_err().code, "BAD_PARAMETERS", "{name}");
    }
    let no_blob = json!({"bytes": {"$b": 3}});
    assert_eq!(call("response_records", no_blob, &[]).unwrap_err().code, "BAD_PARAMETERS");
}

#[test]
fn a_request_becomes_a_file_that_only_the_office_opens() {
    use p256::ecdsa::signature::Signer as _;
    use p256::elliptic_curve::sec1::ToSec1Point as _;

    let office = p256::SecretKey::from_slice(&[5; 32]).unwrap();
    let device = p256::ecdsa::SigningKey::from_slice(&[6; 32]).unwrap();
    let device_key = device.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let id = crate::ids::DeviceId::of_key(&device_key);
    let hello = json!({"device": id, "chains": [{"session": "11".repeat(16), "frames": 1}]});
    let request = ok("request_encode", json!({"hello": hello, "frames": [{"$b": 0}]}), &[vec![7; 99]]);
    let blobs = [
        office.public_key().to_sec1_point(false).as_bytes().to_vec(),
        vec![9; 32],
        device_key,
        request.blobs[0].clone(),
    ];
    let keys =
        json!({"office_key": {"$b": 0}, "ephemeral": {"$b": 1}, "device_key": {"$b": 2}, "body": {"$b": 3}});
    let sealed = ok("bundle_seal", keys.clone(), &blobs);
    let signature: p256::ecdsa::Signature = device.sign(&sealed.blobs[0]);
    let finish = json!({"payload": {"$b": 0}, "signature": {"$b": 1}});
    let parts = [sealed.blobs[1].clone(), signature.to_bytes().to_vec()];
    let file = ok("bundle_finish", finish, &parts);
    let bundle = crate::bundle::read(file.json["text"].as_str().unwrap()).unwrap();
    assert_eq!((bundle.device(), bundle.frames), (id, 1));
    assert_eq!(bundle.open(&office).unwrap().len(), 3, "hello, frame, end");
    let zero = [blobs[0].clone(), vec![0; 32], blobs[2].clone(), blobs[3].clone()];
    assert_eq!(call("bundle_seal", keys, &zero).unwrap_err().code, "BUNDLE_KEY");
}

#[test]
fn a_page_is_counted_compared_and_repaired_through_the_calls() {
    let name = |n: u8| json!({"document": hex::encode([n; 16]), "hash": hex::encode([n; 32]), "time": 1_790_000_000});
    let with_scopes = |n: u8| {
        let mut named = name(n);
        named["scopes"] = json!(["a"]);
        named
    };
    let page = json!({"changes": [with_scopes(1), with_scopes(2)], "yours": [], "chains": [], "frames": []});
    let taken = ok("page_take", page, &[]).json;
    assert_eq!((&taken["taken"], taken["listings"].as_array().unwrap().len()), (&json!(true), 2));
    let yours = json!({"changes": [], "yours": [{"chain": 0, "frame": 0, "index": 0, "scopes": ["a"]}],
                       "chains": [{"held": 0}], "frames": []});
    assert_eq!(ok("page_take", yours, &[]).json, json!({"taken": false, "chains": [0]}));
    let sums = ok("sums_add", json!({"sums": [], "listings": taken["listings"]}), &[]).json["sums"].clone();
    let more = json!({"sums": sums, "listings": [{"scope": "a", "document": name(3)["document"], "hash": name(3)["hash"]}]});
    let theirs = ok("sums_add", more, &[]).json["sums"].clone();
    assert_eq!((&sums[0]["count"], &theirs[0]["count"]), (&json!(2), &json!(3)));
    let compared =
        json!({"own": sums, "asked": ["a"], "fold": "00".repeat(8), "sums": theirs, "settled": []});
    let verdict = ok("digest_compare", compared, &[]).json;
    assert_eq!(verdict, json!({"verdict": "repair", "scopes": ["a"]}));
    let begun = ok("repair_begin", json!({"scope": "a", "position": 4, "items": [name(1), name(2)]}), &[]);
    assert_eq!(begun.json["repair"]["position"], 4);
    let answer = json!({"scope": "a", "position": 4, "items": [name(1)], "message": {"$b": 0}});
    assert_eq!(ok("repair_answer", answer, &[Vec::new()]).json["repair"], Json::Null);
    let hello = json!({"device": "02".repeat(16), "chains": []});
    let request = json!({"hello": hello, "frames": [], "repairs": [begun.json["repair"]]});
    assert!(!ok("request_encode", request, &begun.blobs).blobs[0].is_empty());
}

#[test]
fn another_log_batches_and_chains_are_decided_through_the_calls() {
    let (old, new) = ("01".repeat(16), "02".repeat(16));
    let ancestors = json!([{"log": old, "position": 3, "rolling": "03".repeat(8)}]);
    let known =
        json!([{"log": old, "cursors": [{"position": 5, "rolling": "05".repeat(8), "scopes": ["a"]}]}]);
    let adopted = ok("cursors_adopt", json!({"log": new, "ancestors": ancestors, "known": known}), &[]).json;
    assert_eq!((&adopted["from"], &adopted["forgot"]), (&json!(old), &json!(true)));
    assert_eq!(adopted["cursors"][0]["position"], 3);
    let entries = json!([{"document": "07".repeat(16), "hash": "08".repeat(32)}]);
    let batches =
        json!([{"id": 1, "log": old, "position": 5, "changes": 1, "entries": entries, "scopes": ["b"]}]);
    let chosen =
        json!({"ancestors": ancestors, "compared": ["a"], "wanted": ["09".repeat(32)], "batches": batches});
    let chosen = ok("offers_choose", chosen, &[]).json;
    assert_eq!(chosen, json!({"offer": [1], "nowhere": ["09".repeat(32)]}));
    let dropped = ok("batches_drop", json!({"batches": batches, "log": old, "backed_up": 5}), &[]).json;
    assert_eq!(dropped, json!({"drop": [1], "over": []}));
    let arrived = ok("batches_arrived", json!({"batches": batches, "log": new, "equal": ["b"]}), &[]).json;
    assert_eq!(arrived, json!({"arrived": [1]}));
    let attested = json!({"log": old, "public_key": {"$b": 0}, "entries": entries, "attestation": {"$b": 1}});
    let verdict = ok("attestation_verify", attested, &[vec![4; 65], vec![1; 64]]).json;
    assert_eq!(verdict, json!({"valid": false}));
    let chain = json!({"session": "05".repeat(16), "frames": 4, "confirmed": 4, "backed_up": 1});
    let named = ok("chains_to_name", json!({"chains": [chain], "marks_moved": true}), &[]).json;
    assert_eq!(named["chains"], json!([{"session": "05".repeat(16), "frames": 4}]));
    let said = json!([{"office": true, "log": old, "issued_at": 1, "frames": 3, "backed_up": 2}]);
    let reached = ok("tiers", json!({"frames": 4, "said": said, "office_log": old}), &[]).json;
    assert_eq!(reached, json!({"hub": 3, "office": 3, "backed_up": 2}));
    let less = json!({"office": true, "log": old, "issued_at": 1, "frames": 3, "backed_up": 1});
    let pairs = json!([{"said": less, "known": said[0]}, {"said": said[0], "known": less}]);
    let older = ok("receipts_older", json!({"pairs": pairs}), &[]).json;
    assert_eq!(older, json!({"older": [true, false]}));
}
