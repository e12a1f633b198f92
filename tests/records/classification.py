"""A small part of ICD-10-CM in the form of a release, for tests that need no more."""

from pathlib import Path

from records.icd10.load import Synonyms, load
from records.icd10.read import Release

TABULAR = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular><version>2026</version><chapter><name>1</name><desc>Some</desc><section id="J45-J45">
<diag><name>E11</name><desc>Type 2 diabetes mellitus</desc>
  <diag><name>E11.9</name><desc>Type 2 diabetes mellitus without complications</desc></diag></diag>
<diag><name>D64</name><desc>Other anemias</desc>
  <diag><name>D64.9</name><desc>Anemia, unspecified</desc></diag></diag>
<diag><name>I21</name><desc>Acute myocardial infarction</desc>
  <includes><note>cardiac infarction</note><note>coronary (artery) embolism</note></includes>
  <diag><name>I21.9</name><desc>Acute myocardial infarction, unspecified</desc>
    <inclusionTerm><note>Myocardial infarction (acute) NOS</note></inclusionTerm></diag></diag>
<diag><name>J45</name><desc>Asthma</desc>
  <includes><note>allergic bronchitis NOS</note></includes>
  <diag><name>J45.9</name><desc>Other and unspecified asthma</desc>
    <diag><name>J45.90</name><desc>Unspecified asthma</desc>
      <diag><name>J45.909</name><desc>Unspecified asthma, uncomplicated</desc></diag></diag></diag></diag>
<diag><name>J46</name><desc>Asthenia</desc></diag>
<diag><name>S02</name><desc>Fracture of skull and facial bones</desc>
  <sevenChrDef><extension char="A">initial encounter</extension><extension char="S">sequela</extension></sevenChrDef>
  <diag><name>S02.0</name><desc>Fracture of vault of skull</desc></diag></diag>
</section></chapter></ICD10CM.tabular>
"""
CODES = "1 E11-E11 E11 E119 D64 D649 I21 I219 J45 J459 J4590 J45909 J46 S02 S020 S020XXA S020XXS"
SAID = Synonyms(phrases={"I21.9": ["heart attack"], "S02.0XXS": ["old skull fracture"]}, words={"broken": ["fracture"]})


def small_release(folder: Path) -> Release:
    """Writes the two files of a release."""
    tabular, codes = folder / "icd10c-tabular-April-1-2026.xml", folder / "code-list-April-2026.txt"
    tabular.write_text(TABULAR)
    codes.write_text("\n".join(CODES.split()))
    return Release("April 2026", tabular, codes)


def load_small_release(folder: Path) -> None:
    """Fills the reference table."""
    load(small_release(folder), SAID)
