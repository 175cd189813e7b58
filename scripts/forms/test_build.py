"""What scripts/forms/build refuses, keeps and notices. Run: python -m unittest discover scripts/forms"""

import importlib.util
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

from openpyxl import load_workbook

HERE = Path(__file__).resolve().parent
LOADER = SourceFileLoader("build", str(HERE / "build"))
build = importlib.util.module_from_spec(importlib.util.spec_from_loader("build", LOADER))
LOADER.exec_module(build)

SOURCE = HERE.parents[1] / "packs/anmulong/forms/household_visit.xlsx"
ZH, MN = "label::中文 (zh-Hans)", "label::ᠮᠣᠩᠭᠣᠯ (mn-Mong)"


class BuildTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.packs = Path(folder.name)
        self.xlsx = self.packs / "pack/forms/household_visit.xlsx"
        self.xlsx.parent.mkdir(parents=True)
        self.xlsx.write_bytes(SOURCE.read_bytes())

    def change(self, sheet, row, heading, value):
        """Writes one cell and gives its name."""
        workbook = load_workbook(self.xlsx)
        cell = workbook[sheet].cell(row, build.Sheet(workbook[sheet]).columns[heading])
        cell.value = value
        workbook.save(self.xlsx)
        return f"{sheet}!{cell.coordinate}"

    def assert_refused(self, cell, sentence):
        complaints = build.run(self.packs, check=False)
        self.assertTrue(any(cell in text and sentence in text for text in complaints), complaints)
        self.assertFalse(self.xlsx.with_suffix(".xml").exists())

    def test_a_missing_translation_is_refused_in_questions_and_choices(self):
        for sheet, row, heading in (("survey", 5, MN), ("survey", 5, "hint::中文 (zh-Hans)"), ("choices", 2, MN)):
            with self.subTest(sheet=sheet, heading=heading):
                self.setUp()
                self.assert_refused(self.change(sheet, row, heading, None), "is missing")

    def test_a_question_without_any_words_is_refused(self):
        self.change("survey", 7, MN, None)
        self.change("survey", 7, "hint::中文 (zh-Hans)", None)
        self.change("survey", 7, "hint::ᠮᠣᠩᠭᠣᠯ (mn-Mong)", None)
        self.assert_refused(self.change("survey", 7, ZH, None), "is missing")

    def test_a_dash_for_a_translation_is_refused(self):
        self.assert_refused(self.change("choices", 3, MN, " - "), "translation is missing")

    def test_the_separator_of_the_two_languages_is_refused(self):
        self.assert_refused(self.change("survey", 5, ZH, "走\u2063访"), "U+2063")

    def test_a_no_break_space_at_the_edge_of_a_cell_is_refused(self):
        self.assert_refused(self.change("survey", 5, MN, "\u202fᠤᠨ"), "no-break space")

    def test_chinese_in_the_mongolian_column_is_refused(self):
        self.assert_refused(self.change("survey", 5, MN, "走访"), "Han or Cyrillic")

    def test_a_column_without_its_other_language_is_refused(self):
        workbook = load_workbook(self.xlsx)
        sheet = build.Sheet(workbook["survey"])
        workbook["survey"].cell(1, sheet.columns["hint::ᠮᠣᠩᠭᠣᠯ (mn-Mong)"]).value = None
        workbook.save(self.xlsx)
        self.assert_refused("survey!1:1", "there is no column hint::ᠮᠣᠩᠭᠣᠯ (mn-Mong)")

    def test_a_form_id_that_is_not_the_name_of_the_file_is_refused(self):
        self.change("settings", 2, "form_id", "visit")
        self.assert_refused("settings", "form_id is not the name of the file")

    def test_what_the_converter_refuses_is_a_complaint(self):
        self.change("survey", 6, "relevant", "${nobody} = 'visited'")
        self.assert_refused("household_visit.xlsx", "nobody")

    def test_a_list_of_the_tablet_needs_no_words(self):
        for heading, value in (("type", "csv-external"), ("name", "context")):
            self.change("survey", 3, heading, value)
        self.assertEqual(build.run(self.packs, check=False), [])
        xml = self.xlsx.with_suffix(".xml").read_text(encoding="utf-8")
        self.assertIn('<instance id="context" src="jr://file-csv/context.csv"/>', xml)

    def test_chinese_quotes_stay_and_quotes_in_expressions_become_ascii(self):
        self.change("survey", 5, ZH, "“走访”的‘结果’")
        self.change("survey", 6, "relevant", "${outcome} = ‘visited’")
        self.assertEqual(build.run(self.packs, check=False), [])
        xml = self.xlsx.with_suffix(".xml").read_text(encoding="utf-8")
        self.assertIn("<value>“走访”的‘结果’</value>", xml)
        self.assertIn("/data/arrival/outcome  = 'visited'", xml)
        self.assertNotRegex(xml, "[\ue018-\ue01d]|= ‘")

    def test_separators_inside_mongolian_text_stay_byte_for_byte(self):
        self.change("survey", 5, MN, "ᠭᠠᠷ\u202fᠤᠨ ᠨᠡᠷ\u180eᠡ ᠳ\u180bᠦᠩ")
        self.assertEqual(build.run(self.packs, check=False), [])
        xml = self.xlsx.with_suffix(".xml").read_text(encoding="utf-8")
        self.assertIn("<value>ᠭᠠᠷ\u202fᠤᠨ ᠨᠡᠷ\u180eᠡ ᠳ\u180bᠦᠩ</value>", xml)

    def test_the_same_form_is_built_byte_for_byte_again(self):
        build.run(self.packs, check=False)
        first = self.xlsx.with_suffix(".xml").read_bytes()
        build.run(self.packs, check=False)
        self.assertEqual(self.xlsx.with_suffix(".xml").read_bytes(), first)
        self.assertEqual(first, SOURCE.with_suffix(".xml").read_bytes())

    def test_the_check_notices_a_missing_an_edited_and_an_orphaned_xform(self):
        xml = self.xlsx.with_suffix(".xml")
        self.assertIn("is not what", build.run(self.packs, check=True)[0])
        self.assertFalse(xml.exists())
        build.run(self.packs, check=False)
        self.assertEqual(build.run(self.packs, check=True), [])
        xml.write_text(xml.read_text(encoding="utf-8").replace("24 个月", "99 个月"), encoding="utf-8")
        self.assertIn("is not what", build.run(self.packs, check=True)[0])
        build.run(self.packs, check=False)
        self.xlsx.unlink()
        self.assertIn("has no XLSForm", "".join(build.run(self.packs, check=True)))


if __name__ == "__main__":
    unittest.main()
